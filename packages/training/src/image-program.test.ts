import { input, mean, mul, State } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { AnswerProgram, IMAGE_BATCH, ImageProgram } from "./image-program.ts";

const device = await openDevice({ threads: 1 });
const shape = { size: 4, channels: 1 } as const;
const random = new Random(2, "images");
const images = Array.from({ length: 2 * IMAGE_BATCH + 3 }, () => random.uniforms(16, -1, 1));
const averageOf = (image: Float32Array) => image.reduce((sum, value) => sum + value / 16, 0);

test("each image gets its own rows of every output, however many there are", async () => {
  const state = new State(device);
  const program = await ImageProgram.compile(state, shape, "test", (x) => ({
    twice: mul(x, 2),
    average: mean(x, [1, 2, 3]),
  }));
  expect(program.shapes).toEqual({ twice: [1, 4, 4], average: [] });
  for (const count of [1, IMAGE_BATCH, images.length]) {
    const { twice, average } = await program.run(images.slice(0, count));
    expect(twice).toEqual(images.slice(0, count).map((image) => image.map((value) => 2 * value)));
    expect(average).toHaveLength(count);
    for (const [i, [value]] of average.entries()) expect(value).toBeCloseTo(averageOf(images[i]), 5);
  }
  expect(await program.run([])).toEqual({});
  await program.release();
  state.dispose();
});

test("answers follow the state as it is now, and are taken apart by kind", async () => {
  const state = new State(device);
  const gain = (value: number) => state.write(new Map([["gain", { shape: [1], data: Float32Array.of(value) }]]));
  gain(1);
  const answers = await AnswerProgram.compile(state, shape, {
    anomalyMap: (x) => mul(x, input("gain", [1])),
    views: (x) => ({ plain: x }),
    parts: (x) => ({ average: mean(x, [1, 2, 3]) }),
  });
  const scores: number[] = [];
  for (const value of [1, 3]) {
    gain(value);
    const { scores: found, healthy, views, parts, maps } = await answers.answer(images.slice(0, 2));
    scores.push(found[0]);
    expect(healthy).toEqual([]);
    expect(views).toEqual({ plain: images.slice(0, 2) });
    expect(parts.average[1]).toBeCloseTo(averageOf(images[1]), 5);
    expect(maps[0]).toEqual(images[0].map((pixel) => pixel * value));
  }
  expect(scores[1]).toBeCloseTo(3 * scores[0], 5);
  await answers.release();
  state.dispose();
});
