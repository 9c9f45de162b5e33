/** @file What is made of the measurements of scoring: medians, ratios, and whether scores agree. */
import { median, round } from "./statistics.ts";

/** Seconds, and megabytes at the peak. */
export interface Measured {
  user: number;
  sys: number;
  wall: number;
  mb: number;
}

export interface Named extends Measured {
  name: string;
}

/** Limits of processor and wall time, as shares of the peer's. */
const LIMITS = { processor: 1.2, wall: 0.9 } as const;
/** Largest relative difference of scores that are the same. */
const TOLERANCE = 1e-4;

/** Figure by figure. */
export function medianOf(rounds: readonly Measured[]): Measured {
  const of = (key: keyof Measured) => median(rounds.map((one) => one[key]));
  return { user: of("user"), sys: of("sys"), wall: of("wall"), mb: of("mb") };
}

/** hale's figures as shares of the best of the others, each by itself. The first of the figures is hale's. */
export function summaryOf([hale, ...peers]: readonly Named[]) {
  const processorOf = ({ user, sys }: Measured) => user + sys;
  const leastBy = (of: (one: Measured) => number) => peers.reduce((a, b) => (of(b) < of(a) ? b : a));
  const [processor, wall] = [leastBy(processorOf), leastBy((one) => one.wall)];
  const ratios = { processor: processorOf(hale) / processorOf(processor), wall: hale.wall / wall.wall };
  return {
    processor: round(ratios.processor, 3),
    leastProcessor: processor.name,
    wall: round(ratios.wall, 3),
    leastWall: wall.name,
    kept: ratios.processor <= LIMITS.processor && ratios.wall <= LIMITS.wall,
  };
}

/** How many scores differ at all, and the largest difference as a share of the larger; infinite where one is missing. */
export function agreementOf(ours: readonly (number | null)[], theirs: readonly number[]) {
  let [different, largest] = [0, 0];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [a, b] = [ours[i], theirs[i]];
    if (a === b) continue;
    different++;
    const known = Number.isFinite(a) && Number.isFinite(b);
    const share = known ? Math.abs(a! - b) / Math.max(Math.abs(a!), Math.abs(b)) : Number.POSITIVE_INFINITY;
    largest = Math.max(largest, share);
  }
  return { different, largest, agree: largest <= TOLERANCE };
}
