/**
 * @file How well anomaly maps mark what is abnormal, with the pixels of all images pooled: pixel AUROC, pixel average
 * precision, the best Dice over thresholds, and AUPRO. Exact, without binning; memory is one copy of the maps.
 *
 * Pooled pixels are not independent cases: these numbers come without intervals. The best Dice is chosen on the very
 * pixels that it is measured on, so it is an upper bound on what a threshold fixed beforehand would reach.
 */

import { requireFraction, requireOrderable, unsupported } from "./checks.ts";
import type { PixelImage } from "./pixel-image.ts";
import { areaUnderRegionOverlap } from "./region-overlap.ts";
import { areaUnderRoc, highestScore, type SortedClasses, steppedPrecision, sweep } from "./sweep.ts";

export interface PixelMetrics {
  pixels: number;
  abnormalPixels: number;
  auroc: number;
  averagePrecision: number;
  bestDice: BestDice;
  /** Area under the per-region-overlap curve up to a false-positive rate of `auproLimit`, divided by it. */
  aupro: number;
  auproLimit: number;
}

/** The largest Dice over thresholds; a pixel is marked when its value is greater than `threshold`. */
export interface BestDice {
  dice: number;
  /** The highest threshold that reaches it; -Infinity when marking everything is best. */
  threshold: number;
}

/**
 * All pixel metrics of a set of images. Refuses, with STATISTIC_UNSUPPORTED, NaN in a map, sizes that disagree, and
 * masks that leave no normal or no abnormal pixel. Give maps as Float32Array: values are pooled at that precision when
 * all are, otherwise as doubles.
 */
export function pixelMetrics(images: readonly PixelImage[], { auproLimit = 0.3 } = {}): PixelMetrics {
  if (auproLimit !== 1) requireFraction("false-positive limit", auproLimit);
  const classes = poolPixels(images);
  return {
    pixels: classes.abnormal.length + classes.normal.length,
    abnormalPixels: classes.abnormal.length,
    auroc: areaUnderRoc(classes),
    averagePrecision: steppedPrecision(classes),
    bestDice: bestDice(classes),
    aupro: areaUnderRegionOverlap(images, classes.normal, auproLimit),
    auproLimit,
  };
}

/** Dice = 2 TP / (called + abnormal), at every distinct value. */
function bestDice(classes: SortedClasses): BestDice {
  let best: BestDice = { dice: 0, threshold: highestScore(classes) };
  sweep(classes, (threshold, truePositives, falsePositives) => {
    const dice = (2 * truePositives) / (truePositives + falsePositives + classes.abnormal.length);
    if (dice > best.dice) best = { dice, threshold };
  });
  return best;
}

/** The pixels of all images by class, ascending. */
function poolPixels(images: readonly PixelImage[]): SortedClasses {
  let abnormalPixels = 0;
  let normalPixels = 0;
  images.forEach(({ map, mask, width }, image) => {
    if (map.length !== mask.length || !(width > 0) || map.length % width !== 0) {
      throw unsupported(
        `Image ${image} has a map of ${map.length} and a mask of ${mask.length} pixels at width ${width}.`,
        "Give map and mask in one size.",
      );
    }
    requireOrderable(map);
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] > 0) abnormalPixels++;
      else normalPixels++;
    }
  });
  if (abnormalPixels === 0 || normalPixels === 0) {
    throw unsupported(
      `The masks have ${normalPixels} normal and ${abnormalPixels} abnormal pixels.`,
      "Pixel metrics need both.",
    );
  }
  const Kind = images.every(({ map }) => map instanceof Float32Array) ? Float32Array : Float64Array;
  const abnormal = new Kind(abnormalPixels);
  const normal = new Kind(normalPixels);
  let a = 0;
  let n = 0;
  for (const { map, mask } of images) {
    for (let i = 0; i < map.length; i++) {
      if (mask[i] > 0) abnormal[a++] = map[i];
      else normal[n++] = map[i];
    }
  }
  return { abnormal: abnormal.sort(), normal: normal.sort() };
}
