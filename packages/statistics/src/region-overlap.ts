/**
 * @file AUPRO, the area under the per-region-overlap curve up to a false-positive limit (Bergmann et al., IJCV 2021,
 * section 5.2): every connected region counts alike, so small findings weigh as much as large ones.
 *
 * The overlap averaged over regions is the average of each region's own detection curve, so its area is the average of
 * what each abnormal pixel adds: the width from the false-positive rate at which it is found up to the limit. That is
 * one binary search per abnormal pixel among the sorted normal ones; no curve is sampled. Tied scores are joined by a
 * straight line, as in the ROC curve.
 */

import { connectedRegions } from "./components.ts";
import type { PixelImage } from "./pixel-image.ts";
import { countAtMost, countBelow } from "./search.ts";

/** AUPRO divided by `limit`, in [0, 1]. `normal` are all normal pixels of all images, ascending. 8-neighbour regions. */
export function areaUnderRegionOverlap(
  images: readonly PixelImage[],
  normal: Float32Array | Float64Array,
  limit: number,
): number {
  let sum = 0;
  let regions = 0;
  for (const { map, mask, width } of images) {
    for (const region of connectedRegions(mask, width)) {
      let area = 0;
      for (const pixel of region) {
        const rateAbove = 1 - countAtMost(normal, map[pixel]) / normal.length;
        const rateAtOrAbove = 1 - countBelow(normal, map[pixel]) / normal.length;
        area += areaUpTo(limit, rateAbove, rateAtOrAbove);
      }
      sum += area / region.length;
      regions++;
    }
  }
  return sum / regions / limit;
}

/** Integral from 0 to `limit` of a ramp that is 0 before `start`, 1 after `end` and straight between. */
function areaUpTo(limit: number, start: number, end: number): number {
  if (limit <= start) return 0;
  if (limit >= end) return limit - (start + end) / 2;
  return (limit - start) ** 2 / (2 * (end - start));
}
