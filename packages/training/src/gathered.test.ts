/** @file What a fit keeps where a row for each normal would be too much: it comes back from a snapshot, or is refused. */
import type { NamedArray } from "@hale/autodiff";
import type { Gathering } from "@hale/methods";
import { expect, test } from "vitest";
import { GatheredSums } from "./gathered.ts";

/** The sum of all rows, and a random number of each normal. */
const gathering: Gathering = {
  start: (total) =>
    new Map<string, NamedArray>([
      ["sum", { shape: [2], data: new Float32Array(2) }],
      ["drawn", { shape: [Math.min(total, 3)], data: new Float32Array(Math.min(total, 3)) }],
    ]),
  add(arrays, { rows }, index, random) {
    const [sum, drawn] = ["sum", "drawn"].map((name) => arrays.get(name)!.data);
    rows.forEach((value, i) => {
      sum[i] += value;
    });
    if (index < drawn.length) drawn[index] = random.uniform();
  },
};
const row = (i: number) => ({ rows: Float32Array.of(i, 1) });
const made = (from?: ReadonlyMap<string, NamedArray>, total = 5, seed = 1) =>
  new GatheredSums(gathering, seed, total, from);

function filled(gathered: GatheredSums, until: number): GatheredSums {
  while (gathered.done < until) gathered.add(row(gathered.done));
  return gathered;
}

test("what is kept is the same wherever it was taken apart, and of the seed", () => {
  const straight = filled(made(), 5);
  expect(straight.observed.sum).toEqual([Float32Array.of(10, 5)]);
  const first = filled(made(), 2);
  const snapshot = first.snapshot();
  // What follows does not change a snapshot that was taken before.
  filled(first, 4);
  const second = made(snapshot);
  expect(second.done).toBe(2);
  expect(filled(second, 5).observed).toEqual(straight.observed);
  expect(filled(made(undefined, 5, 2), 5).observed.drawn).not.toEqual(straight.observed.drawn);
});

test("a snapshot of another run is refused", () => {
  const snapshot = filled(made(), 4).snapshot();
  expect(() => made(snapshot, 3)).toThrow(/number of normals/);
  expect(() => made(snapshot, 2)).toThrow(/drawn is missing or of another size/);
  snapshot.delete("observed/sum");
  expect(() => made(snapshot)).toThrow(expect.objectContaining({ code: "CHECKPOINT_MISMATCH" }));
});
