import fc from "fast-check";
import { expect, test } from "vitest";
import { auroc, averagePrecision } from "./ranking.ts";
import { tiedCases } from "./test-support.ts";
import { rankCases, weightedMetric } from "./weighted-ranking.ts";

test("a case of weight w counts as w copies of it", () => {
  const weighted = tiedCases.chain((cases) =>
    fc.record({
      cases: fc.constant(cases),
      weights: fc.array(fc.nat(3), { minLength: cases.scores.length, maxLength: cases.scores.length }),
    }),
  );
  fc.assert(
    fc.property(weighted, ({ cases: { scores, labels }, weights }) => {
      const copies = weights.flatMap((weight, i) => new Array<number>(weight).fill(i));
      const copiedScores = copies.map((i) => scores[i]);
      const copiedLabels = copies.map((i) => labels[i]);
      const ranked = rankCases(scores, labels);
      if (new Set(copiedLabels).size < 2) {
        expect(weightedMetric("auroc", ranked, weights)).toBeNaN();
        return;
      }
      expect(weightedMetric("auroc", ranked, weights)).toBeCloseTo(auroc(copiedScores, copiedLabels), 12);
      expect(weightedMetric("averagePrecision", ranked, weights)).toBeCloseTo(
        averagePrecision(copiedScores, copiedLabels),
        12,
      );
    }),
  );
});
