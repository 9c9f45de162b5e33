/**
 * @file The standard normal distribution: cumulative probability and quantile, for DeLong's test. Taylor-like series
 * near the centre (DLMF 7.6.2), continued fraction in the tails (DLMF 7.9.2), so that small p-values keep their digits.
 */

import { requireFraction } from "./checks.ts";

/** P(Z <= z) for a standard normal Z. */
export function normalProbability(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const magnitude = Math.abs(z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (magnitude < 3) {
    let term = magnitude;
    let sum = magnitude;
    for (let k = 1; Math.abs(term) > 1e-17 * sum; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + Math.sign(z) * density * sum;
  }
  if (density === 0) return z < 0 ? 0 : 1;
  let fraction = 0;
  for (let k = 120; k > 0; k--) fraction = k / (magnitude + fraction);
  const tail = density / (magnitude + fraction);
  return z < 0 ? tail : 1 - tail;
}

/** The z with P(Z <= z) = p. p in (0, 1). By bisection down to neighbouring floats. */
export function normalQuantile(p: number): number {
  requireFraction("probability", p);
  let low = -40;
  let high = 40;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high || high - low < 1e-15) return middle;
    if (normalProbability(middle) < p) low = middle;
    else high = middle;
  }
}
