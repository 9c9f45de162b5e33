/** @file SAGAN learns: not figures of one run, but that a small one finds what it was never shown. */
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { auroc } from "@hale/statistics";
import { expect, test } from "vitest";
import { sagan } from "../../../methods/src/sagan/method.ts";
import { Trainer } from "../trainer.ts";

const SIZE = 32;

/** A sloping background with a little noise, and on ill ones a soft disc brighter than anything there. */
function picture(random: Random, ill: boolean): Float32Array {
  const [across, down] = random.uniforms(2, -0.2, 0.2);
  const level = random.uniforms(1, -0.5, 0.1)[0];
  const [x0, y0] = random.uniforms(2, 8, 24);
  const radius = random.uniforms(1, 3, 5)[0];
  return Float32Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    const healthy = level + across * (x / 16 - 1) + down * (y / 16 - 1) + 0.02 * (random.uniform() - 0.5);
    const disc = Math.min(1, Math.max(0, 0.5 + radius - Math.hypot(x - x0, y - y0)));
    return ill ? healthy + 0.6 * disc : healthy;
  });
}

test("SAGAN tells discs from their absence after 350 iterations, without one label", { timeout: 300_000 }, async () => {
  const random = new Random(1, "discs");
  const pool = (count: number, share: number) =>
    Array.from({ length: count }, (_, i) => picture(random, i % 10 < 10 * share));
  const shape = { size: SIZE, channels: 1 } as const;
  const options = sagan.options.parse({ width: 8, batch: 8, residualBlocks: 0, learningRate: 1e-3 });
  const trainer = await Trainer.create({
    recipe: sagan.create(options, shape),
    shape,
    device: await openDevice({ threads: 2 }),
    seed: 1,
    iterations: 350,
    images: { normals: pool(200, 0), unlabelled: pool(200, 0.6) },
  });
  const seen = [...pool(50, 0), ...pool(50, 1)];
  const labels = seen.map((_, i): 0 | 1 => (i < 50 ? 0 : 1));
  const score = async () => [...(await trainer.restore(seen)).scores];
  expect(auroc(await score(), labels)).toBeLessThan(0.7);
  let identity = Number.POSITIVE_INFINITY;
  while (trainer.iteration < 350) {
    const loss = (await trainer.step())["generator/identity"];
    if (trainer.iteration > 250 && loss !== undefined) identity = Math.min(identity, loss);
  }
  const scores = await score();
  await trainer.release();
  const area = auroc(scores, labels);
  expect(area).toBeGreaterThan(0.9);
  const swapped = labels.map((label): 0 | 1 => (label === 1 ? 0 : 1));
  expect(auroc(scores, swapped)).toBeCloseTo(1 - area, 10);
  expect(identity).toBeLessThan(0.02);
});
