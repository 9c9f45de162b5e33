/**
 * @file The smallest method that learns by a fit, for tests: the score is the squared distance to the nearest of the normals, as
 * a frozen filter sees them in cells of 8 x 8 pixels, and the map is the distance to the mean of all normals.
 */
import { abs, avgPool2d, input, max, mean, mul, type NamedArray, neg, reshape, square, sub, sum } from "@hale/autodiff";
import { joined } from "@hale/core";
import type { FitRecipe, ImageShape, Method } from "@hale/methods";
import * as z from "zod";

const CELL = 8;

export function nearestRecipe({ size, channels }: ImageShape, gain = 2): FitRecipe {
  const features = channels * (size / CELL) ** 2;
  const frozen = new Map<string, NamedArray>([["filter/gain", { shape: [1], data: Float32Array.of(gain) }]]);
  const cells = (x: Parameters<FitRecipe["observe"]>[0]) =>
    reshape(avgPool2d(mul(x, input("filter/gain", [1])), CELL), [x.shape[0], features]);
  return {
    learning: "fit",
    frozen,
    observe: (x) => ({ cells: cells(x), image: x }),
    settle({ cells: rows, image }, random) {
      // The order of the bank is drawn, so that a test sees where the random numbers come from.
      const order = random.permutation(rows.length);
      const length = channels * size * size;
      const average = new Float32Array(length);
      for (const one of image) for (let i = 0; i < length; i++) average[i] += one[i] / image.length;
      return new Map<string, NamedArray>([
        ["nearest/bank", { shape: [rows.length, features], data: joined(order.map((i) => rows[i])) }],
        ["nearest/mean", { shape: [1, channels, size, size], data: average }],
      ]);
    },
    inference(state) {
      const [count] = state.get("nearest/bank")!.shape;
      const bank = reshape(input("nearest/bank", [count, features]), [1, count, features]);
      const average = input("nearest/mean", [1, channels, size, size]);
      return {
        anomalyMap: (x) => mean(abs(sub(x, average)), [1], true),
        score(_map, x) {
          const distances = sum(square(sub(reshape(cells(x), [x.shape[0], 1, features]), bank)), [2]);
          return neg(max(neg(distances), [1]));
        },
      };
    },
  };
}

const options = z.strictObject({ gain: z.number().default(2).describe("of the frozen filter") });

/** The same as a method; tests that need it by name put it into the registry themselves. */
export const nearestMethod: Method<z.infer<typeof options>> = {
  name: "nearest-fixture",
  title: "Distance to the nearest normal",
  source: "none: for tests",
  learning: "fit",
  needsUnlabelled: false,
  options,
  checkShape: () => {},
  create: ({ gain }, shape) => nearestRecipe(shape, gain),
};
