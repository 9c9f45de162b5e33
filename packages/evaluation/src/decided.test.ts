/** @file What needs review is in no count of decisions. */
import { type Decision, decide } from "@hale/detector";
import { expect, test } from "vitest";
import { classRows, type DecidedCase, needsReview, operatingPointOf } from "./decided.ts";

const one = (
  label: 0 | 1,
  score: number,
  decision: Decision | null = decide(score, 0.5),
  patient = `${label}${score}`,
) => ({
  item: { path: `${score}.png`, class: label ? "cyst" : "normal", patient, group: "" },
  label,
  finding: { score, decision },
});

const SURE: DecidedCase[] = [one(0, 0.1), one(0, 0.6), one(1, 0.4), one(1, 0.9)];
const DRAWS = { seed: 1, resamples: 10 };
const NONE = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };

test("an image that needs review is counted neither as negative nor as positive", () => {
  const cases = [...SURE, one(1, 0.2, "needs review"), one(0, 0.8, "needs review")];
  const point = operatingPointOf(cases, 0.5)!;
  expect(point.counts).toEqual({ truePositive: 1, falsePositive: 1, trueNegative: 1, falseNegative: 1 });
  expect(point).toEqual(operatingPointOf(SURE, 0.5));
  expect(cases.filter(needsReview)).toHaveLength(2);
  const [row] = classRows(cases, DRAWS);
  expect(row).toMatchObject({ name: "cyst", images: 3, sensitivity: { successes: 1, trials: 2 } });
  expect(row.auroc.estimate).not.toBe(classRows(SURE, DRAWS)[0].auroc.estimate);
});

test("where every image needs review there is no operating point and no sensitivity", () => {
  const cases = [one(0, 0.1, "needs review"), one(1, 0.9, "needs review")];
  expect(operatingPointOf(cases, 0.5)).toBeNull();
  expect(classRows(cases, DRAWS)[0].sensitivity).toBeNull();
});

test("without abnormal images there are counts and no sensitivity", () => {
  expect(operatingPointOf([one(0, 0.1)], 0.5)).toMatchObject({
    counts: { ...NONE, trueNegative: 1 },
    sensitivity: null,
  });
});
