/**
 * @file Turns of several sides, one after another, with the machine's speed before and after each; which of them count, and
 * whether what is left says anything.
 */
import { median, round } from "./statistics.ts";
import type { Turn } from "./step.ts";

/** One turn of each side, in the order in which they ran, with the machine's speed before each and after the last. */
export interface Round {
  turns: Turn[];
  speeds: number[];
}

/** A turn counts while the machine's speed beside it is at least this share of its best. */
const STEADY = 0.85;
/** Rounds that must be left. */
const FEWEST = 5;
/** Largest distance between the quartiles of a side's times, as a share of the median, up to which a ratio is believed. */
const SPREAD = 0.1;

/** Rounds during which the machine kept its speed, and its best. */
export function steadyRounds(rounds: readonly Round[]): { steady: Round[]; best: number } {
  const best = Math.max(...rounds.flatMap(({ speeds }) => speeds));
  return { best, steady: rounds.filter(({ speeds }) => speeds.every((speed) => speed >= STEADY * best)) };
}

/** Distance between the quartiles, as a share of the median. */
export function spread(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / median(sorted);
}

export interface Verdict {
  /** What keeps the ratio from being believed; null where nothing does. */
  doubt: string | null;
  /** Of all, those that count. */
  counted: number;
  rounds: number;
  /** Quartiles' distance of each side's times, as a share of the median. */
  spreads: number[];
}

/** Judges the times of all sides in the rounds that count. */
export function judge(times: readonly (readonly number[])[], rounds: number): Verdict {
  const counted = times[0].length;
  const spreads = times.map((side) => (side.length === 0 ? 0 : round(spread(side), 3)));
  const doubt =
    counted < Math.min(FEWEST, rounds)
      ? `the machine kept its speed in ${counted} of ${rounds} rounds only`
      : spreads.every((share) => share > SPREAD)
        ? `the times of all sides spread by ${spreads.map((share) => `${Math.round(100 * share)} %`).join(" and ")}`
        : null;
  return { doubt, counted, rounds, spreads };
}
