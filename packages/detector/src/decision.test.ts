/** @file The words of decisions, and in which order images are looked at. */
import { expect, test } from "vitest";
import { DECISIONS, decide, decisionWords, inOrderOfReview } from "./decision.ts";
import { cardWith } from "./test-support.ts";

test("a score is above its threshold or not, and at it not", () => {
  expect([0.31, 0.3, 0.1].map((score) => decide(score, 0.3))).toEqual(["above", "not above", "not above"]);
  expect(decide(0.3, null)).toBeNull();
});

test("the sentence names the threshold and its false alarms, and calls no image normal or abnormal", () => {
  const card = cardWith();
  expect(decisionWords(card, "above")).toBe("above the threshold (20 % false alarms)");
  expect(decisionWords(card, "not above")).toBe("not above the threshold (20 % false alarms)");
  expect(decisionWords(card, null)).toBeNull();
  for (const decision of DECISIONS) expect(decisionWords(card, decision)).not.toMatch(/normal/);
  const wider = { ...card.threshold!, falseAlarmRate: 0.1 };
  const input = { volume: { threshold: wider } } as unknown as NonNullable<typeof card.input>;
  expect(decisionWords({ ...card, input }, "above", true)).toBe("above the threshold (10 % false alarms)");
});

test("what needs review is looked at first, then the highest scores; errors last", () => {
  const rows = [
    { decision: null, score: null },
    { decision: "not above", score: 0.1 },
    { decision: "above", score: 0.9 },
    { decision: "needs review", score: 0.01 },
    { decision: null, score: null },
  ] as const;
  expect([...rows].sort(inOrderOfReview).map(({ score }) => score)).toEqual([0.01, 0.9, 0.1, null, null]);
});
