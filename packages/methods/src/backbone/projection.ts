/**
 * @file Fewer numbers for a row of features: sparse random projections, which keep distances, and random choices of channels.
 *
 * Sources: D. Achlioptas, "Database-friendly random projections" (JCSS 66, 2003); density 1/√d, P. Li, T. Hastie and
 * K. Church, "Very sparse random projections" (KDD 2006), as PatchCore's authors take it from scikit-learn.
 */
import type { Random } from "@hale/core";

/**
 * A projection [from, to]: entries are 0 but for a share of 1/√from, which are ±√(√from/to), so that squared lengths are kept
 * on average.
 */
export function sparseProjection(from: number, to: number, random: Random): Float32Array {
  const density = 1 / Math.sqrt(from);
  const size = Math.sqrt(1 / (density * to));
  return Float32Array.from({ length: from * to }, () => {
    const drawn = random.uniform();
    return drawn >= density ? 0 : drawn < density / 2 ? -size : size;
  });
}

/** A choice of `to` of `from` channels, in their order, as a matrix [from, to] of 0 and 1. */
export function channelChoice(from: number, to: number, random: Random): Float32Array {
  const chosen = random
    .permutation(from)
    .slice(0, to)
    .sort((a, b) => a - b);
  const matrix = new Float32Array(from * to);
  chosen.forEach((channel, i) => {
    matrix[channel * to + i] = 1;
  });
  return matrix;
}

/** rows [n, from] times a matrix [from, to], in float64, zeros of the matrix left out: [n, to]. */
export function projected(rows: Float32Array, matrix: Float32Array, from: number, to: number): Float32Array {
  const entries = Array.from({ length: to }, (_, column) => {
    const used: [row: number, value: number][] = [];
    for (let row = 0; row < from; row++) {
      const value = matrix[row * to + column];
      if (value !== 0) used.push([row, value]);
    }
    return { rows: Int32Array.from(used, ([row]) => row), values: Float64Array.from(used, ([, value]) => value) };
  });
  const count = rows.length / from;
  const result = new Float32Array(count * to);
  for (let i = 0; i < count; i++) {
    entries.forEach(({ rows: places, values }, column) => {
      let total = 0;
      for (let k = 0; k < places.length; k++) total += rows[i * from + places[k]] * values[k];
      result[i * to + column] = total;
    });
  }
  return result;
}
