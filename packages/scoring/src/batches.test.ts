import { expect, test } from "vitest";
import { Batches, WINDOW } from "./batches.ts";

test("images of one size make a batch, in their order, whatever lies between them", () => {
  const batches = new Batches<string>();
  const [a, b] = [
    { width: 2, height: 3 },
    { width: 3, height: 2 },
  ];
  expect(batches.add("a0", a, 0, 2)).toBeNull();
  expect(batches.add("b1", b, 1, 3)).toBeNull();
  expect(batches.add("a2", a, 2, 2)).toEqual(["a0", "a2"]);
  expect(batches.add("a3", a, 3, 2)).toBeNull();
  expect(batches.rest()).toEqual([["b1"], ["a3"]]);
  expect(batches.rest()).toEqual([]);
});

test("an image of a rare size does not wait for ever", () => {
  const batches = new Batches<number>();
  batches.add(0, { width: 5, height: 5 }, 0, 8);
  batches.add(1, { width: 6, height: 6 }, 1, 8);
  expect(batches.overdue(WINDOW - 1)).toEqual([]);
  expect(batches.overdue(WINDOW)).toEqual([[0]]);
  expect(batches.overdue(WINDOW)).toEqual([]);
  expect(batches.rest()).toEqual([[1]]);
});
