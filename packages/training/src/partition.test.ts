/** @file Who serves what: no image and no patient in two parts, whatever the data set. */

import type { Dataset, Item } from "@hale/data";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Partition, partition } from "./partition.ts";

const item = (path: string, more: Partial<Item> = {}): Item => ({
  path,
  file: path,
  label: 0,
  class: "normal",
  split: "train",
  patient: null,
  group: null,
  mask: null,
  ...more,
});
const list = (count: number, name: string, more: (i: number) => Partial<Item> = () => ({})) =>
  Array.from({ length: count }, (_, i) => item(`${name}${String(i).padStart(3, "0")}.png`, more(i)));
const setOf = (...items: Item[]): Dataset => ({ name: "set", root: "", items, warnings: [] });
const options = { seed: 1, falseAlarmRate: 0.05 };
const paths = (items: readonly Item[]) => items.map(({ path }) => path);
const sizes = ({ train, selection, threshold }: Partition) => [train.length, selection.length, threshold.length];

describe("a partition", () => {
  test("puts every training normal into one part, and no patient or group into two", () => {
    const owner = fc.record({ patient: fc.option(fc.nat(12)), group: fc.option(fc.nat(12)) });
    fc.assert(
      fc.property(fc.array(owner, { minLength: 4, maxLength: 60 }), fc.nat(100), (owners, seed) => {
        const normals = list(owners.length, "n", (i) => ({
          patient: owners[i].patient === null ? null : `p${owners[i].patient}`,
          group: owners[i].group === null ? null : `g${owners[i].group}`,
        }));
        const { train, selection, threshold } = partition(setOf(...normals), { ...options, seed });
        const parts = [train, selection, threshold];
        expect(paths(parts.flat()).sort()).toEqual(paths(normals));
        expect(train.length).toBeGreaterThan(0);
        const part = new Map<string, number>();
        parts.forEach((items, i) => {
          for (const { patient, group } of items)
            for (const key of [patient, group]) {
              if (key === null) continue;
              expect(part.get(key) ?? i, key).toBe(i);
              part.set(key, i);
            }
        });
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  test("leaves out unlabelled images of patients who select or set the threshold, directly or over a group", () => {
    const normals = list(40, "n", (i) => ({ patient: `p${i}` }));
    const held = list(20, "v", (i) => ({ split: "val", patient: `q${i}` }));
    const pool = [
      ...list(40, "u", (i) => ({ label: null, patient: `p${i}` })),
      item("shared.png", { label: null, patient: "q3", group: "family" }),
      item("cousin.png", { label: null, patient: "r", group: "family" }),
      item("free.png", { label: null }),
    ];
    const { selection, threshold, unlabelled, leftOut } = partition(setOf(...normals, ...held, ...pool), options);
    const patients = new Set([...selection, ...threshold].map(({ patient }) => patient));
    const expected = pool.filter(({ patient, group }) => patients.has(patient) || group === "family");
    expect(paths(leftOut).sort()).toEqual(paths(expected).sort());
    expect(unlabelled.length + leftOut.length).toBe(pool.length);
    expect(paths(unlabelled)).toContain("free.png");
  });

  test("holds out a tenth of the training normals to select a checkpoint, whole patients only", () => {
    expect(sizes(partition(setOf(...list(100, "n"), ...list(38, "v", () => ({ split: "val" }))), options))).toEqual([
      90, 10, 38,
    ]);
    const pairs = list(100, "n", (i) => ({ patient: `p${i >> 1}` }));
    const { selection } = partition(setOf(...pairs), options);
    expect(new Set(selection.map(({ patient }) => patient)).size).toBe(selection.length / 2);
  });

  test("holds out none where nothing is selected, and leaves the threshold's as many as otherwise", () => {
    const dataset = setOf(...list(100, "n"), ...list(30, "v", () => ({ split: "val" })));
    const parts = partition(dataset, { ...options, selects: false });
    expect(sizes(parts)).toEqual([92, 0, 38]);
    expect(sizes(partition(dataset, options))).toEqual([82, 10, 38]);
    const pool = list(3, "u", (i) => ({ label: null, patient: `p${i}` }));
    const patients = list(100, "n", (i) => ({ patient: `p${i}` }));
    expect(partition(setOf(...patients, ...pool), { ...options, selects: false }).selection).toEqual([]);
  });

  test("passes over a patient too large for a part and takes a smaller one", () => {
    const large = list(60, "large", (i) => ({ patient: `p${i % 3}` }));
    for (let seed = 0; seed < 8; seed++) {
      const { selection } = partition(setOf(...large, ...list(20, "n")), { ...options, seed });
      expect(selection).toHaveLength(8);
    }
  });

  test("sets the threshold on val normals, topped up from train to twice what the rate needs, by 15 % at most", () => {
    const parts = (train: number, val: number, falseAlarmRate: number) => {
      const dataset = setOf(...list(train, "n"), ...list(val, "v", () => ({ split: "val" })));
      return partition(dataset, { seed: 1, falseAlarmRate });
    };
    // A rate of 5 % needs 19 normals, so 38 are wanted.
    expect(parts(200, 38, 0.05).threshold).toHaveLength(38);
    expect(parts(200, 30, 0.05).threshold).toHaveLength(38);
    expect(parts(200, 0, 0.05).threshold).toHaveLength(30);
    expect(parts(200, 80, 0.05).threshold).toHaveLength(80);
    expect(paths(parts(200, 30, 0.05).threshold).filter((path) => path.startsWith("v"))).toHaveLength(30);
  });

  test("keeps labelled abnormal images out of everything but the test, and unlabelled ones of other splits out of all", () => {
    const dataset = setOf(
      ...list(10, "n"),
      ...list(3, "a", () => ({ label: 1 })),
      ...list(3, "b", () => ({ label: 1, split: "val" })),
      ...list(2, "c", (i) => ({ label: i as 0 | 1, split: "test" })),
      ...list(2, "u", () => ({ label: null })),
      ...list(2, "x", () => ({ label: null, split: "test" })),
    );
    const { train, selection, threshold, unlabelled, test: tested } = partition(dataset, options);
    expect([...train, ...selection, ...threshold].every(({ label }) => label === 0)).toBe(true);
    expect(paths(unlabelled)).toEqual(["u000.png", "u001.png"]);
    expect(paths(tested)).toEqual(["c000.png", "c001.png"]);
  });

  test("is the same for a seed and another for another, and sorted by path", () => {
    const dataset = setOf(...list(60, "n"));
    const one = partition(dataset, options);
    expect(partition(dataset, options)).toEqual(one);
    expect(paths(partition(dataset, { ...options, seed: 2 }).selection)).not.toEqual(paths(one.selection));
    for (const items of [one.train, one.selection, one.threshold]) expect(paths(items)).toEqual(paths(items).sort());
  });

  test("refuses fewer than four normals to train on", () => {
    const few = setOf(...list(3, "n"), ...list(9, "v", () => ({ split: "val" })));
    expect(() => partition(few, options)).toThrow(expect.objectContaining({ code: "DATASET_EMPTY" }));
  });
});
