/** @file Which rounds of a benchmark count, and when no verdict is given. */
import { expect, test } from "vitest";
import { judge, spread, steadyRounds } from "./turns.ts";

const roundOf = (...speeds: number[]) => ({ turns: [], speeds });

test("rounds during which the machine was slower are dropped", () => {
  const quiet = [roundOf(100, 98, 99), roundOf(95, 96, 97)];
  const { steady, best } = steadyRounds([quiet[0], roundOf(97, 60, 98), quiet[1], roundOf(98, 97, 80)]);
  expect(best).toBe(100);
  expect(steady).toEqual(quiet);
});

test("the spread is the quartiles' distance as a share of the median", () => {
  expect(spread([10, 10, 10, 10, 90])).toBe(0);
  expect(spread([8, 9, 10, 11, 12])).toBeCloseTo(0.2, 12);
});

test("no verdict where too few rounds are left, or where all sides spread", () => {
  const even = [10, 10.1, 10, 10.1, 10, 10.1];
  const uneven = [10, 14, 10, 14, 10, 14];
  expect(judge([even, even], 6)).toMatchObject({ doubt: null, counted: 6 });
  expect(judge([even, uneven], 6).doubt).toBeNull();
  expect(judge([uneven, uneven], 6).doubt).toMatch(/spread by 33 % and 33 %/);
  expect(judge([even.slice(0, 3), even.slice(0, 3)], 20).doubt).toMatch(/3 of 20 rounds/);
  expect(judge([[], []], 20).doubt).toMatch(/0 of 20 rounds/);
  expect(
    judge(
      [
        [10, 10],
        [9, 9],
      ],
      2,
    ).doubt,
  ).toBeNull();
});
