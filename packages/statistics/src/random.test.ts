import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";

test("a seed gives the same numbers each time, and its neighbour others", () => {
  const take = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
  expect(take(7)).toEqual(take(7));
  expect(take(7)).not.toEqual(take(8));
  expect(take(7)).not.toEqual(take(7 + 2 ** 32));
});

test("numbers fill [0, 1) evenly", () => {
  const random = seededRandom(1);
  const counts = new Array<number>(100).fill(0);
  for (let i = 0; i < 100_000; i++) counts[Math.floor(random() * 100)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeGreaterThan(60); // 99 degrees of freedom: 0.1 % and 99.9 % points are 61 and 149.
  expect(chiSquare).toBeLessThan(149);
});
