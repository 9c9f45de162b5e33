/** @file Volumes that are listed slice by slice are not torn apart, whatever is known of their patients. */
import { expect, test } from "vitest";
import { assembleDataset } from "./assemble.ts";
import { leakingItems } from "./clean.ts";
import type { Item, Row, Split } from "./item.ts";
import { findLeaks } from "./leaks.ts";
import { joinedRows, splitRows } from "./split.ts";

const row = (path: string, patient: string | null, split: Split | null = null, group: string | null = null): Row => ({
  ...{ path, label: 0, class: "normal", split, patient, group, mask: null },
});
const assemble = (rows: readonly Row[]) =>
  assembleDataset(rows, { name: "set", root: "/", resolve: (path) => path }).items;
const leaksOf = (items: readonly Item[]) =>
  findLeaks(
    items,
    items.map(({ path }) => ({ sha256: path, fingerprint: null })),
  );

test.each([
  ["an unknown patient", null],
  ["another patient", "p2"],
])("slices with a patient and with %s are joined by their file", (_, other) => {
  const rows = Array.from({ length: 12 }, (_, k) => [
    row(`v${k}.nii#axial:0`, `p1 of ${k}`),
    row(`v${k}.nii#axial:1`, other && `${other} of ${k}`),
  ]).flat();
  expect(joinedRows(rows).map((cluster) => cluster.length)).toEqual(Array(12).fill(2));
  for (let seed = 0; seed < 5; seed++) {
    const splits = new Map<string, Set<Split>>();
    for (const { path, split } of splitRows(rows, { seed })) {
      const file = path.split("#")[0];
      splits.set(file, (splits.get(file) ?? new Set()).add(split));
    }
    expect([...splits.values()].map((set) => set.size)).toEqual(Array(12).fill(1));
  }
  const torn = assemble([
    row("v0.nii#axial:0", "p1", "train"),
    row("v0.nii#axial:1", other, "test"),
    row("v0.nii#axial:2", "p1", "train"),
    row("b.nii", null, "train"),
  ]);
  const leaks = leaksOf(torn);
  expect(leaks).toMatchObject([{ kind: "file", a: "v0.nii#axial:0", b: "v0.nii#axial:1", detail: "file v0.nii" }]);
  expect(leakingItems(torn, leaks).map(({ path }) => path)).toEqual(["v0.nii#axial:0", "v0.nii#axial:2"]);
});

test("a torn volume of one patient is one leak, and a whole one none", () => {
  const torn = assemble([row("v.nii#axial:0", "p", "train"), row("v.nii#axial:1", "p", "test")]);
  expect(leaksOf(torn).map(({ kind }) => kind)).toEqual(["patient"]);
  const whole = assemble([row("v.nii#axial:0", "p", "train"), row("v.nii#axial:1", null, "train")]);
  expect(leaksOf(whole)).toEqual([]);
});

test("a file that is listed whole and by slice is refused, whatever its splits", () => {
  for (const split of ["train", "test"] as const) {
    expect(() => assemble([row("v.nii#axial:7", null, "train"), row("v.nii", null, split)])).toThrow(
      /v\.nii is listed as a whole and also as v\.nii#axial:7/,
    );
  }
});
