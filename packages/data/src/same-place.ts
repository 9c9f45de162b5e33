/** @file Whether two volumes of one size lie at the same place. */
import type { Scan } from "@hale/imaging";

/** Whether every corner of a volume lies within a hundredth of a voxel of where the other puts it. */
export function samePlace(a: readonly number[], b: readonly number[], size: Scan["size"]): boolean {
  const step = Math.min(...[0, 1, 2].map((axis) => Math.hypot(b[axis], b[4 + axis], b[8 + axis])));
  for (let corner = 0; corner < 8; corner++) {
    const index = [0, 1, 2].map((axis) => (corner & (1 << axis) ? size[axis] - 1 : 0));
    const off = [0, 4, 8].map((row) => {
      const at = (m: readonly number[]) =>
        m[row] * index[0] + m[row + 1] * index[1] + m[row + 2] * index[2] + m[row + 3];
      return at(a) - at(b);
    });
    // Headers hold single precision: a hundred millimetres from the origin that is some 10^-5 mm.
    if (Math.hypot(...off) > 0.01 * step + 1e-3) return false;
  }
  return true;
}
