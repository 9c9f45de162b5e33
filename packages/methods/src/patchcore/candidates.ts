/**
 * @file The patches from which a memory is chosen: of every normal as many as of every other, drawn at random, so that what is
 * kept while normals are looked at is bounded however many there are.
 */
import type { NamedArray } from "@hale/autodiff";
import type { Gathering, Observed } from "../method.ts";

/** Rows of patches, and [all normals, those that were looked at]. */
const [ROWS, COUNTS] = ["candidates", "counts"];

/**
 * Keeps at most `most` rows of `width` numbers, of normals that have `places` rows each (`observed.patches`, [places, width]). Which
 * rows of a normal are kept depends on the seed and the normal's number alone.
 */
export function candidateGathering(places: number, width: number, most: number): Gathering {
  return {
    start(total) {
      const count = Math.min(most, total * places);
      return new Map<string, NamedArray>([
        [ROWS, { shape: [count, width], data: new Float32Array(count * width) }],
        [COUNTS, { shape: [2], data: Float32Array.of(total, 0) }],
      ]);
    },
    add(arrays, { patches }, index, random) {
      const [rows, counts] = [arrays.get(ROWS)!, arrays.get(COUNTS)!.data];
      const start = (normal: number) => Math.floor((normal * rows.shape[0]) / counts[0]);
      const from = start(index);
      const chosen = random.permutation(places).slice(0, start(index + 1) - from);
      chosen
        .sort((a, b) => a - b)
        .forEach((place, i) => {
          rows.data.set(patches.subarray(place * width, (place + 1) * width), (from + i) * width);
        });
      counts[1] = index + 1;
    },
  };
}

/** The rows of the normals that were looked at, [n · width]. */
export function candidatesOf(observed: Observed, width: number): Float32Array {
  const [[rows], [[total, done]]] = [observed[ROWS], observed[COUNTS]];
  return rows.subarray(0, Math.floor((done * (rows.length / width)) / total) * width);
}
