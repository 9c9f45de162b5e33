import fc from "fast-check";
import { expect, test } from "vitest";
import { confusionCounts } from "./operating-point.ts";
import { seededRandom } from "./random.ts";
import { auroc, averagePrecision, prCurve, rocCurve } from "./ranking.ts";
import { deviate, refusal, tiedCases } from "./test-support.ts";

/** The definition: every abnormal case against every normal one. */
function pairwiseAuroc(scores: number[], labels: number[]): number {
  let wins = 0;
  let pairs = 0;
  for (let a = 0; a < scores.length; a++) {
    for (let n = 0; n < scores.length; n++) {
      if (labels[a] !== 1 || labels[n] !== 0) continue;
      pairs++;
      wins += scores[a] > scores[n] ? 1 : scores[a] === scores[n] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

/** The definition: the precision at the score of each abnormal case, averaged. */
function definedAveragePrecision(scores: number[], labels: number[]): number {
  const precisions = scores.flatMap((score, i) => {
    if (labels[i] !== 1) return [];
    const called = labels.filter((_, j) => scores[j] >= score);
    return [called.filter((label) => label === 1).length / called.length];
  });
  return precisions.reduce((a, b) => a + b) / precisions.length;
}

test("AUROC is the share of pairs ranked rightly, ties counting a half", () => {
  fc.assert(
    fc.property(tiedCases, ({ scores, labels }) => {
      expect(auroc(scores, labels)).toBeCloseTo(pairwiseAuroc(scores, labels), 12);
      expect(auroc(Float32Array.from(scores), Uint8Array.from(labels))).toBe(auroc(scores, labels));
    }),
  );
});

test("average precision is the mean precision at the abnormal cases, tied scores being one step", () => {
  fc.assert(
    fc.property(tiedCases, ({ scores, labels }) => {
      expect(averagePrecision(scores, labels)).toBeCloseTo(definedAveragePrecision(scores, labels), 12);
    }),
  );
});

test("negating all scores turns AUROC into 1 - AUROC", () => {
  fc.assert(
    fc.property(tiedCases, ({ scores, labels }) => {
      const negated = scores.map((score) => -score);
      expect(auroc(negated, labels)).toBeCloseTo(1 - auroc(scores, labels), 12);
    }),
  );
});

test("equal scores give an AUROC of a half and an average precision of the prevalence", () => {
  const labels = [0, 1, 0, 0, 1];
  expect(auroc([3, 3, 3, 3, 3], labels)).toBe(0.5);
  expect(averagePrecision([3, 3, 3, 3, 3], labels)).toBeCloseTo(0.4, 15);
});

test("a perfect ranking scores 1, also among infinities", () => {
  expect(auroc([-Infinity, 0, Infinity], [0, 0, 1])).toBe(1);
  expect(averagePrecision([-Infinity, 0, Infinity], [0, 0, 1])).toBe(1);
});

// scikit-learn 1.9.1: roc_auc_score, average_precision_score, roc_curve(drop_intermediate=False) and
// precision_recall_curve of these cases. Its thresholds mean >=, ours >, hence each is the next lower score.
const SCORES = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.2, 0.4, 0.7, 0.35];
const LABELS = [0, 0, 1, 1, 1, 1, 0, 0, 0, 1];

test("AUROC, average precision and both curves agree with scikit-learn", () => {
  expect(auroc(SCORES, LABELS)).toBeCloseTo(0.68, 12);
  expect(averagePrecision(SCORES, LABELS)).toBeCloseTo(0.75, 12);
  const roc = rocCurve(SCORES, LABELS);
  expect(roc.map((point) => point.falsePositiveRate)).toEqual([0, 0, 0, 0.2, 0.6, 0.6, 0.8, 1]);
  expect(roc.map((point) => point.truePositiveRate)).toEqual([0, 0.2, 0.4, 0.4, 0.6, 1, 1, 1]);
  expect(roc.map((point) => point.threshold)).toEqual([0.9, 0.8, 0.7, 0.4, 0.35, 0.2, 0.1, -Infinity]);
  const pr = prCurve(SCORES, LABELS);
  expect(pr.map((point) => point.precision)).toEqual([1, 1, 1, 2 / 3, 0.5, 0.625, 5 / 9, 0.5]);
  expect(pr.map((point) => point.recall)).toEqual([0, 0.2, 0.4, 0.4, 0.6, 1, 1, 1]);
});

test("each point of the curves is what its threshold does to the cases", () => {
  fc.assert(
    fc.property(tiedCases, ({ scores, labels }) => {
      const pr = prCurve(scores, labels);
      rocCurve(scores, labels).forEach(({ threshold, truePositiveRate, falsePositiveRate }, i) => {
        const counts = confusionCounts(scores, labels, threshold);
        expect(truePositiveRate).toBe(counts.truePositive / (counts.truePositive + counts.falseNegative));
        expect(falsePositiveRate).toBe(counts.falsePositive / (counts.falsePositive + counts.trueNegative));
        expect(pr[i]).toMatchObject({ threshold, recall: truePositiveRate });
      });
    }),
  );
});

test("unlabelled against normal, AUROC falls to pi AUROC + (1 - pi) / 2 for a share pi of abnormal cases", () => {
  const random = seededRandom(5);
  const [normals, pool, share] = [4000, 4000, 0.3];
  const draw = (abnormal: boolean) => deviate(random) + (abnormal ? 1.2 : 0);
  const normal = Array.from({ length: normals }, () => draw(false));
  const hidden = Array.from({ length: pool }, (_, i) => i < share * pool);
  const unlabelled = hidden.map(draw);
  const zeros = normal.map(() => 0);
  const asIfAbnormal = auroc([...normal, ...unlabelled], [...zeros, ...unlabelled.map(() => 1)]);
  const abnormal = unlabelled.filter((_, i) => hidden[i]);
  const truth = auroc([...normal, ...abnormal], [...zeros, ...abnormal.map(() => 1)]);
  expect(Math.abs(asIfAbnormal - (share * truth + (1 - share) / 2))).toBeLessThan(0.02);
});

test("what has no ranking is refused", () => {
  const refused = "STATISTIC_UNSUPPORTED";
  expect(refusal(() => auroc([1, Number.NaN], [0, 1]))).toBe(refused);
  expect(refusal(() => auroc([1, 2], [1, 1]))).toBe(refused);
  expect(refusal(() => averagePrecision([1, 2], [0, 0]))).toBe(refused);
  expect(refusal(() => rocCurve([1, 2], [0, 2]))).toBe(refused);
  expect(refusal(() => prCurve([1, 2, 3], [0, 1]))).toBe(refused);
  expect(refusal(() => auroc([], []))).toBe(refused);
});
