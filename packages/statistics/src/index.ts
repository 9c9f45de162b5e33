/**
 * @file The statistics of hale: pure functions, the same in Node and browsers. Higher scores are more abnormal, labels
 * are 0 or 1, and what cannot be computed honestly is refused with STATISTIC_UNSUPPORTED or comes with a reason.
 */

export {
  type ClusteredIntervals,
  type ClusteredIntervalsOptions,
  clusteredIntervals,
  type Interval,
} from "./bootstrap.ts";
export type { ClusterCounts } from "./clusters.ts";
/** @public */
export { connectedRegions } from "./components.ts";
/** @public */
export { type DelongTest, delongTest } from "./delong.ts";
export {
  type KernelDistance,
  type KernelDistanceOptions,
  kernelDistance,
  type SubsetDistances,
} from "./generation/kernel-distance.ts";
export {
  type Features,
  type Memorisation,
  type MemorisationOptions,
  memorisation,
  type Nearest,
} from "./generation/nearest.ts";
export { type PrecisionRecall, type PrecisionRecallOptions, precisionRecall } from "./generation/precision-recall.ts";
export { holm } from "./holm.ts";
export { type ConfusionCounts, confusionCounts, type OperatingPoint, operatingPoint } from "./operating-point.ts";
/** @public */
export { type PairedDifference, type PairedDifferenceOptions, pairedDifference } from "./paired.ts";
export type { PixelImage } from "./pixel-image.ts";
export { type BestDice, type PixelMetrics, pixelMetrics } from "./pixels.ts";
export { exactProportion, type Proportion } from "./proportion.ts";
export { type Random, seededRandom } from "./random.ts";
export { auroc, averagePrecision, type PrPoint, prCurve, type RocPoint, rocCurve } from "./ranking.ts";
export { type Histogram, histogram, mean, quantileOfSorted, standardDeviation } from "./summary.ts";
export { type NormalThreshold, normalsNeeded, thresholdFromNormals } from "./threshold.ts";
export type { RankingMetric } from "./weighted-ranking.ts";
