/** @file ProxyAno learns: not figures of one run, but that a small one finds, and places, what it was never shown. */
import { Random } from "@hale/core";
import type { ImageShape } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { auroc, pixelMetrics } from "@hale/statistics";
import { expect, test } from "vitest";
import { type ProxyAnoOptions, proxyAno } from "../../../methods/src/proxyano/method.ts";
import { Trainer } from "../trainer.ts";

const SIZE = 64;
const shape: ImageShape = { size: SIZE, channels: 1 };

interface Toy {
  image: Float32Array;
  mask: Uint8Array;
}

/** A smooth organ on grey, and in ill ones a bright blob of 5 to 7 pixels' radius. */
function toy(random: Random, ill: boolean): Toy {
  const [x0, y0] = random.uniforms(2, 29, 35);
  const [rx, ry] = random.uniforms(2, 20, 26);
  const [slope, turn, level] = [
    random.uniforms(1, -0.15, 0.15)[0],
    random.uniforms(1, 0, 6.28)[0],
    random.uniforms(1, 0.4, 0.5)[0],
  ];
  const angle = random.uniforms(1, 0, 6.28)[0];
  const [bx, by] = [x0 + 0.5 * rx * Math.cos(angle), y0 + 0.5 * ry * Math.sin(angle)];
  const radius = random.uniforms(1, 5, 7)[0];
  const mask = new Uint8Array(SIZE * SIZE);
  const image = Float32Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    const inside = Math.min(1, Math.max(0, (1 - Math.hypot((x - x0) / rx, (y - y0) / ry)) * 8));
    const tissue = level + slope * Math.cos((x - y) / 12 + turn);
    const blob = ill ? Math.min(1, Math.max(0, radius - Math.hypot(x - bx, y - by))) : 0;
    mask[i] = blob > 0.5 ? 1 : 0;
    return 2 * Math.min(1, 0.3 + inside * (tissue - 0.2) + 0.4 * blob) - 1;
  });
  return { image, mask };
}

const random = new Random(1, "toys");
const normals = Array.from({ length: 120 }, () => toy(random, false).image);
const held = Array.from({ length: 40 }, () => toy(random, false));
const ill = Array.from({ length: 40 }, () => toy(random, true));

async function trained(changes: Partial<ProxyAnoOptions>) {
  const options = proxyAno.options.parse({ width: 8, ...changes });
  const recipe = proxyAno.create(options, shape);
  const images = { normals, unlabelled: [] };
  const device = await openDevice({ threads: 2 });
  const trainer = await Trainer.create({ recipe, shape, device, seed: 1, iterations: 210, images });
  while (trainer.iteration < 210) await trainer.step();
  const seen = [...held, ...ill];
  const { scores, maps, views } = await trainer.restore(seen.map(({ image }) => image));
  await trainer.release();
  const labels = seen.map((_, i): 0 | 1 => (i < held.length ? 0 : 1));
  const proxies = held.map(({ image }) => recipe.companion!(image));
  const distance =
    proxies.reduce(
      (total, s, i) => total + s.reduce((sum, v, p) => sum + Math.abs(v - (views.proxy[i][p] + 1) / 2), 0),
      0,
    ) /
    (held.length * SIZE * SIZE);
  return {
    image: auroc([...scores], labels),
    pixel: pixelMetrics(seen.map(({ mask }, i) => ({ map: maps[i], mask, width: SIZE }))).auroc,
    distance,
  };
}

test("ProxyAno finds and places blobs after 14 epochs, without one label", { timeout: 400_000 }, async () => {
  const full = await trained({});
  expect(full.distance).toBeLessThan(0.02);
  expect(full.image).toBeGreaterThan(0.9);
  expect(full.pixel).toBeGreaterThan(0.9);
  const bare = await trained({ memory: "none", pseudoAbnormal: 0 });
  expect(bare.image).toBeLessThanOrEqual(full.image + 0.005);
});
