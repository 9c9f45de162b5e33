/** @file The criterion that chooses a checkpoint without labels, against its algebra. */
import { auroc } from "@hale/statistics";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pseudoAuc } from "./selection.ts";

describe("pseudo-AUC", () => {
  test("is π·AUC + (1-π)/2 when the pool's normals score like the held-out ones", () => {
    const score = fc.integer({ min: 0, max: 20 });
    const scores = fc.array(score, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(scores, scores, (normals, abnormals) => {
        const share = abnormals.length / (normals.length + abnormals.length);
        const labels = [...normals.map(() => 0), ...abnormals.map(() => 1)];
        const truth = auroc([...normals, ...abnormals], labels);
        expect(pseudoAuc(normals, [...normals, ...abnormals])).toBeCloseTo(share * truth + (1 - share) / 2, 12);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test("is 1 when every unlabelled image scores higher, 0 when lower, and a half when all are alike", () => {
    expect(pseudoAuc([0.1, 0.2], [0.3, 0.4])).toBe(1);
    expect(pseudoAuc([0.3, 0.4], [0.1, 0.2])).toBe(0);
    expect(pseudoAuc([0.5, 0.5], [0.5])).toBe(0.5);
  });

  test("takes the scores as the trainer gives them, in 32 bits", () => {
    expect(pseudoAuc(Float32Array.of(0.1, 0.2), Float32Array.of(0.1, 0.3))).toBe(0.625);
  });
});
