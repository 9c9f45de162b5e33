/** @file A moved threshold: the detector's own words, the exact interval, and what no threshold changes. */
import type { Card } from "@hale/detector";
import type { Row } from "@hale/scoring";
import { thresholdFromNormals } from "@hale/statistics";
import { expect, test } from "vitest";
import { cardAt, judged, yardstick } from "./judge.ts";

const normalScores = Array.from({ length: 99 }, (_, i) => i + 1);
const { threshold: value, tied: _, caution: __, ...known } = thresholdFromNormals(normalScores, 0.05);
const card = { normalScores, threshold: { value, ...known }, thresholdReason: null } as unknown as Card;
const row = (score: number, decision: Row["decision"] = "not above"): Row =>
  ({ score, decision, threshold: 95, meaning: "as it was", volume: null, error: null }) as unknown as Row;

test("decisions follow the rate, in the detector's words", () => {
  expect(judged(row(93), card)).toMatchObject({ decision: "not above", threshold: 95 });
  const moved = cardAt(card, 0.1);
  expect(judged(row(93), moved)).toEqual({
    decision: "above",
    threshold: 90,
    meaning: "above the threshold (10 % false alarms)",
  });
  const { low, high } = thresholdFromNormals(normalScores, 0.1);
  expect(yardstick(moved, "image").threshold).toMatchObject({ low, high, normals: 99, rank: 90 });
});

test("a rate that the normals cannot support leaves no decision, and says why", () => {
  expect(judged(row(200), cardAt(card, 0.001))).toMatchObject({
    decision: null,
    meaning: expect.stringContaining("99 held-out normals are too few"),
  });
});

test("an image outside what the detector knows needs review at any threshold", () => {
  expect(judged(row(1, "needs review"), cardAt(card, 0.5))).toMatchObject({ decision: "needs review" });
});
