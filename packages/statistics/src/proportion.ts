/**
 * @file A proportion with its exact interval (Clopper and Pearson, Biometrika 1934): it covers the truth at least as
 * often as it says, for independent trials.
 */

import { betaQuantile } from "./beta.ts";
import { requireFraction, unsupported } from "./checks.ts";

/** `successes` of `trials`, and the interval at the level asked for. */
export interface Proportion {
  successes: number;
  trials: number;
  value: number;
  low: number;
  high: number;
}

/** The proportion and its Clopper-Pearson interval. Refuses zero trials. */
export function exactProportion(successes: number, trials: number, level = 0.95): Proportion {
  requireFraction("confidence level", level);
  if (
    !(Number.isInteger(successes) && Number.isInteger(trials) && successes >= 0 && successes <= trials && trials > 0)
  ) {
    throw unsupported(`${successes} of ${trials} is not a proportion.`, "Count at least one case.");
  }
  const tail = (1 - level) / 2;
  const failures = trials - successes;
  return {
    successes,
    trials,
    value: successes / trials,
    low: successes === 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    high: failures === 0 ? 1 : betaQuantile(1 - tail, successes + 1, failures),
  };
}
