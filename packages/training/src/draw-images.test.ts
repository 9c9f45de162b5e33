import type { DrawImages } from "@hale/methods";
import { expect, test } from "vitest";
import { imageDrawer } from "./draw-images.ts";

const pool = (count: number, from: number) => Array.from({ length: count }, (_, i) => Float32Array.of(from + i));
const normals = pool(5, 0);
const unlabelled = pool(3, 100);
const numbers = (draw: DrawImages, kind: "normal" | "unlabelled", count: number) => [...draw(kind, count).images];

test("what a step sees is a function of seed and iteration, whatever was drawn before", () => {
  const one = imageDrawer({ normals, unlabelled }, 7, {});
  const all = [1, 2, 3, 4].map((iteration) => numbers(one(iteration), "normal", 2));
  const other = imageDrawer({ normals, unlabelled }, 7, {});
  expect(numbers(other(3), "normal", 2)).toEqual(all[2]);
  expect(numbers(other(1), "normal", 2)).toEqual(all[0]);
  const seeds = [1, 2, 3].map((seed) => numbers(imageDrawer({ normals, unlabelled }, seed, {})(1), "normal", 5).join());
  expect(new Set(seeds).size).toBeGreaterThan(1);
});

test("every normal is seen once in an epoch, and unlabelled images come from their own pool", () => {
  const draw = imageDrawer({ normals, unlabelled }, 7, {});
  const epoch = [1, 2, 3, 4, 5].flatMap((iteration) => numbers(draw(iteration), "normal", 1));
  expect(epoch.sort()).toEqual([0, 1, 2, 3, 4]);
  expect(numbers(draw(1), "unlabelled", 3).sort()).toEqual([100, 101, 102]);
});

test("each is unlike the one that it was asked for", () => {
  const draw = imageDrawer({ normals, unlabelled }, 7, {});
  for (let iteration = 1; iteration <= 40; iteration++) {
    const { indices } = draw(iteration)("unlike", [0, 1, 2, 3, 4]);
    expect(indices.every((other, i) => other !== i && other >= 0 && other < 5)).toBe(true);
  }
});

test("what goes with a normal is worked out once, and unlabelled images have nothing of the kind", () => {
  let made = 0;
  const companion = (image: Float32Array) => {
    made++;
    return image.map((value) => 10 * value);
  };
  const draw = imageDrawer({ normals, unlabelled }, 7, { companion });
  for (const iteration of [1, 2, 3]) {
    const { images, companions } = draw(iteration)("normal", 5);
    expect([...companions]).toEqual([...images].map((value) => 10 * value));
  }
  expect(made).toBe(5);
  expect(draw(1)("unlabelled", 2).companions).toHaveLength(0);
});

test("a set without unlabelled images is refused by a method that asks for them", () => {
  const draw = imageDrawer({ normals, unlabelled: [] }, 7, {});
  expect(() => draw(1)("unlabelled", 1)).toThrow(/has none/);
});
