/**
 * @file Learning-rate schedules: functions from a step (from 0) to a rate.
 */

export type Schedule = (step: number) => number;

/** Constant until `from`, then straight to zero at `to`. */
export function linearDecay(rate: number, from: number, to: number): Schedule {
  return (step) => (step < from ? rate : rate * Math.max(0, (to - step) / (to - from)));
}

/** Multiplied by `factor` at each of `milestones`. */
export function stepDecay(rate: number, milestones: readonly number[], factor: number): Schedule {
  return (step) => rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}
