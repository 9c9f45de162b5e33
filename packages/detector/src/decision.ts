/**
 * @file The words of a decision, the same everywhere. A decision compares a score with a threshold that was set on normal
 * images; it never says of a patient's image that it is normal or abnormal. What calls for review is left to others.
 */
import { percent } from "@hale/core";
import { type DomainFinding, domainWords } from "./domain/check.ts";
import type { Card, CardThreshold } from "./format/card.ts";

/** "needs review": the image is outside what the detector knows, so the comparison means nothing. */
export const DECISIONS = ["above", "not above", "needs review"] as const;
export type Decision = (typeof DECISIONS)[number];

/**
 * Compares a score with its threshold; a score equal to it is not above. An image outside the domain needs review, whatever its
 * score. Else null where there is no threshold.
 */
export function decide(
  score: number,
  threshold: number | null,
  domain: Pick<DomainFinding, "outside"> | null = null,
): Decision | null {
  if (domain?.outside) return "needs review";
  if (threshold === null) return null;
  return score > threshold ? "above" : "not above";
}

/**
 * "above the threshold (5 % false alarms)"; null where nothing was decided. `volume`: of a whole volume's score; `domain`: why it
 * needs review.
 */
export function decisionWords(
  card: Card,
  decision: Decision | null,
  volume = false,
  domain: DomainFinding | null = null,
): string | null {
  if (decision === "needs review") return `needs review: ${domainWords(domain) ?? "outside what this detector knows"}`;
  return wordsAt(volume ? (card.input?.volume.threshold ?? null) : card.threshold, decision);
}

function wordsAt(threshold: CardThreshold | null, decision: Decision | null): string | null {
  if (decision === null) return null;
  const rate = threshold ? ` (${percent(threshold.falseAlarmRate)} false alarms)` : "";
  return `${decision} the threshold${rate}`;
}

interface Decided {
  decision: Decision | null;
  score: number | null;
}

/** Order in which to look at images: those that need review, then by falling score; what has no score is last. */
export function inOrderOfReview(a: Decided, b: Decided): number {
  const review = Number(b.decision === "needs review") - Number(a.decision === "needs review");
  return review || (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0;
}
