/**
 * @file What a row says at the threshold that is chosen: the words and numbers of packages/detector and packages/statistics, for
 * single images and for whole volumes, whose scores have thresholds of their own.
 */
import { type Card, type CardThreshold, type Decision, decide, decisionWords, thresholdForCard } from "@hale/detector";
import type { Row } from "@hale/scoring";
import { thresholdFromNormals } from "@hale/statistics";

export type Kind = "image" | "volume";

/** What scores of a kind are compared with. */
export interface Yardstick {
  /** Scores of held-out normals, ascending. */
  normals: readonly number[];
  threshold: CardThreshold | null;
  /** Why there is none. */
  reason: string | null;
}

/** The card with the threshold at another false-alarm rate; the card itself where `rate` is null. */
export function cardAt(card: Card, rate: number | null): Card {
  if (rate === null) return card;
  const at = (normals: readonly number[], own: CardThreshold | null, reason: string | null) => {
    const few = normals.length > 0 && Math.floor((normals.length + 1) * rate + 1e-9) < 1;
    if (normals.length === 0) return { threshold: own, thresholdReason: reason };
    if (few) {
      const thresholdReason = `${normals.length} held-out normals are too few for so low a false-alarm rate.`;
      return { threshold: null, thresholdReason };
    }
    return { threshold: thresholdForCard(thresholdFromNormals(normals, rate)), thresholdReason: null };
  };
  const { input } = card;
  return {
    ...card,
    ...at(card.normalScores, card.threshold, card.thresholdReason),
    ...(input && {
      input: {
        ...input,
        volume: {
          ...input.volume,
          ...at(input.volume.normalScores, input.volume.threshold, input.volume.thresholdReason),
        },
      },
    }),
  };
}

export const kindOf = (row: Row | null): Kind => (row?.volume ? "volume" : "image");

export function yardstick(card: Card, kind: Kind): Yardstick {
  const of = kind === "volume" && card.input ? card.input.volume : card;
  return { normals: of.normalScores, threshold: of.threshold, reason: of.thresholdReason };
}

/** The row's decision and its words at the card's threshold; `card` is what `cardAt` gave. */
export function judged(row: Row, card: Card): Pick<Row, "decision" | "meaning" | "threshold"> {
  // Where nothing was compared, or the image is outside what the detector knows, no threshold changes that.
  if (row.score === null || row.decision === "needs review" || row.threshold === null) return row;
  const { threshold, reason } = yardstick(card, kindOf(row));
  const decision: Decision | null = decide(row.score, threshold?.value ?? null);
  const words = decisionWords(card, decision, kindOf(row) === "volume");
  return { decision, threshold: threshold?.value ?? null, meaning: words ?? `no decision: ${reason}` };
}

/** The row as it is exported. */
export const judgedRow = (row: Row, card: Card): Row => ({ ...row, ...judged(row, card) });
