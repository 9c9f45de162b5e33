/**
 * @file Small sums with 4 × 4 affine matrices, row-major, last row 0 0 0 1: the geometry of scans. Pure; nothing here
 * knows of files.
 */
import type { Affine } from "./scan.ts";

export type Triple = readonly [number, number, number];

/** No turn, no shift, millimetre voxels. */
export const IDENTITY: Affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** The affine that does `b` first, then `a`. */
export function multiply(a: Affine, b: Affine): number[] {
  const out = new Array<number>(16).fill(0);
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      for (let k = 0; k < 4; k++) out[4 * row + column] += a[4 * row + k] * b[4 * k + column];
    }
  }
  return out;
}

/** Where `a` takes a point. */
export function apply(a: Affine, [x, y, z]: Triple): [number, number, number] {
  const at = (row: number) => a[4 * row] * x + a[4 * row + 1] * y + a[4 * row + 2] * z + a[4 * row + 3];
  return [at(0), at(1), at(2)];
}

/** Determinant of the 3 × 3 part: below 0 when the axes are left-handed. */
export function determinant(a: Affine): number {
  return a[0] * (a[5] * a[10] - a[6] * a[9]) - a[1] * (a[4] * a[10] - a[6] * a[8]) + a[2] * (a[4] * a[9] - a[5] * a[8]);
}

/** Lengths of the three columns: millimetres between neighbouring voxels along each index. */
export function voxelSizes(a: Affine): [number, number, number] {
  const length = (column: number) => Math.hypot(a[column], a[4 + column], a[8 + column]);
  return [length(0), length(1), length(2)];
}

/** All numbers finite, and no axis lost: voxels have a volume, be they ever so thin. */
export function isUsable(a: Affine): boolean {
  if (a.length !== 16 || !a.every(Number.isFinite)) return false;
  const [x, y, z] = voxelSizes(a);
  return x > 0 && y > 0 && z > 0 && Math.abs(determinant(unitColumns(a))) > 1e-6;
}

/** The inverse; the affine must be usable. */
export function invert(a: Affine): number[] {
  const d = determinant(a);
  const minor = (r0: number, r1: number, c0: number, c1: number) =>
    (a[4 * r0 + c0] * a[4 * r1 + c1] - a[4 * r0 + c1] * a[4 * r1 + c0]) / d;
  const m = [
    [minor(1, 2, 1, 2), -minor(0, 2, 1, 2), minor(0, 1, 1, 2)],
    [-minor(1, 2, 0, 2), minor(0, 2, 0, 2), -minor(0, 1, 0, 2)],
    [minor(1, 2, 0, 1), -minor(0, 2, 0, 1), minor(0, 1, 0, 1)],
  ];
  const rows = m.map((row) => [...row, -(row[0] * a[3] + row[1] * a[7] + row[2] * a[11])]);
  return [...rows.flat(), 0, 0, 0, 1];
}

/** True when every two columns are at right angles, to within `tolerance` (the cosine of the angle). */
export function isOrthogonal(a: Affine, tolerance = 1e-5): boolean {
  const u = unitColumns(a);
  const dot = (i: number, j: number) => u[i] * u[j] + u[4 + i] * u[4 + j] + u[8 + i] * u[8 + j];
  return [dot(0, 1), dot(0, 2), dot(1, 2)].every((cosine) => Math.abs(cosine) <= tolerance);
}

/** Columns of the 3 × 3 part divided by their lengths; no shift. */
export function unitColumns(a: Affine): number[] {
  const sizes = voxelSizes(a);
  const row = (r: number) => [0, 1, 2].map((c) => a[4 * r + c] / sizes[c]);
  return [...row(0), 0, ...row(1), 0, ...row(2), 0, 0, 0, 0, 1];
}

/**
 * The rotation (or rotation with a mirror) nearest to the unit columns of a usable affine: the orthogonal factor of the
 * polar decomposition, by Newton's iteration R ← (R + R⁻ᵀ) / 2.
 */
export function nearestRotation(a: Affine): number[] {
  let r = unitColumns(a);
  for (let step = 0; step < 100; step++) {
    const inverse = invert(r);
    let change = 0;
    const next = [...r];
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        next[4 * row + column] = (r[4 * row + column] + inverse[4 * column + row]) / 2;
        change = Math.max(change, Math.abs(next[4 * row + column] - r[4 * row + column]));
      }
    }
    r = next;
    if (change < 1e-15) break;
  }
  return r;
}

/** From axes to Right, Anterior, Superior (NIfTI) to those to Left, Posterior, Superior (DICOM), or back. */
export function swapRasLps(a: Affine): number[] {
  // `0 - x` and not `-x`: a zero stays a plain zero.
  return a.map((value, i) => (i < 8 ? 0 - value : value));
}

/** The same affine with lengths multiplied: metres to millimetres by 1000. */
export function scaleLengths(a: Affine, factor: number): number[] {
  return a.map((value, i) => (i < 12 ? value * factor : value));
}
