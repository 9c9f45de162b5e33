import type { NamedArray } from "@hale/autodiff";
import { expect, test } from "vitest";
import { SelectedState } from "./selected-state.ts";

const state = (value: number) => new Map<string, NamedArray>([["w", { shape: [1], data: Float32Array.of(value) }]]);

test("the state of the highest value is kept, of equal ones the first, and worse ones are not even read", async () => {
  const selected = SelectedState.from();
  expect([selected.best, selected.arrays.size]).toEqual([null, 0]);
  const reads: number[] = [];
  const offer = (iteration: number, value: number) =>
    selected.offer({ iteration, value }, async () => {
      reads.push(iteration);
      return state(iteration);
    });
  const better = [];
  for (const [iteration, value] of [
    [1, 0.5],
    [2, 0.7],
    [3, 0.7],
    [4, 0.6],
    [5, 0.8],
  ])
    better.push(await offer(iteration, value));
  expect(better).toEqual([true, true, false, false, true]);
  expect(reads).toEqual([1, 2, 5]);
  expect(selected.best).toEqual({ iteration: 5, value: 0.8 });
  expect(selected.arrays).toEqual(state(5));
});

test("what a checkpoint kept is where it goes on", async () => {
  const selected = SelectedState.from({ iteration: 3, value: 0.6 }, state(3));
  expect(await selected.offer({ iteration: 4, value: 0.6 }, async () => state(4))).toBe(false);
  expect(selected.arrays).toEqual(state(3));
});
