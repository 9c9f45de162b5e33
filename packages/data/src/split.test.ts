import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "./item.ts";
import { splitRows } from "./split.ts";

const row = (path: string, label: 0 | 1 | null, more: Partial<Row> = {}): Row => ({
  path,
  label,
  class: label === null ? "" : label === 0 ? "normal" : "abnormal",
  split: null,
  patient: null,
  group: null,
  mask: null,
  ...more,
});

describe("a split", () => {
  test("never tears a patient or group apart, never trains on abnormals, whatever the data", () => {
    const anyRow = fc.record({
      label: fc.constantFrom(0, 1, null),
      patient: fc.option(fc.nat(9)),
      group: fc.option(fc.nat(9)),
    });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 60 }), fc.nat(1000), (shapes, seed) => {
        const rows = shapes.map(({ label, patient, group }, i) =>
          row(`${i}.png`, label as Row["label"], {
            patient: patient === null ? null : `p${patient}`,
            group: group === null ? null : `g${group}`,
          }),
        );
        const splits = new Map<string, string>();
        for (const item of splitRows(rows, { seed })) {
          for (const key of [item.patient, item.group, item.path]) {
            if (key === null) continue;
            expect(splits.get(key) ?? item.split).toBe(item.split);
            splits.set(key, item.split);
          }
          if (item.label === 1) expect(item.split).not.toBe("train");
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("meets the fractions in every class", () => {
    const rows = [
      ...Array.from({ length: 100 }, (_, i) => row(`n${i}`, 0)),
      ...Array.from({ length: 40 }, (_, i) => row(`a${i}`, 1, { class: "glioma" })),
      ...Array.from({ length: 20 }, (_, i) => row(`b${i}`, 1, { class: "pituitary" })),
      ...Array.from({ length: 30 }, (_, i) => row(`u${i}`, null)),
    ];
    const split = splitRows(rows, { fractions: { train: 0.6, val: 0.1, test: 0.3 } });
    const count = (kind: string, name: string) =>
      split.filter((item) => item.class === kind && item.split === name).length;
    expect([count("normal", "train"), count("normal", "val"), count("normal", "test")]).toEqual([60, 10, 30]);
    expect([count("glioma", "val"), count("glioma", "test")]).toEqual([10, 30]);
    expect([count("pituitary", "val"), count("pituitary", "test")]).toEqual([5, 15]);
    expect(count("", "train")).toBe(30);
  });

  test("is the same for the same seed, whatever the order of the listing, and another for another seed", () => {
    const rows = Array.from({ length: 50 }, (_, i) => row(`${i}.png`, i % 3 ? 0 : 1, { patient: `p${i % 20}` }));
    const splits = (list: Row[], seed: number) =>
      new Map(splitRows(list, { seed }).map((item) => [item.path, item.split]));
    expect(splits([...rows].reverse(), 4)).toEqual(new Map([...splits(rows, 4)].reverse()));
    expect(splits(rows, 4)).not.toEqual(splits(rows, 5));
  });

  test("refuses fractions that do not divide a whole", () => {
    expect(() => splitRows([row("a", 0)], { fractions: { train: 0.9, val: 0.9, test: 0 } })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});
