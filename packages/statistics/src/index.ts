/**
 * @file The statistics of hale: pure functions, the same in Node and browsers. Higher scores are more abnormal, labels
 * are 0 or 1, and what cannot be computed honestly is refused with STATISTIC_UNSUPPORTED or comes with a reason.
 */

export { betaProbability, betaQuantile } from "./beta.ts";
export {
  type ClusteredIntervals,
  type ClusteredIntervalsOptions,
  clusteredIntervals,
  type Interval,
} from "./bootstrap.ts";
export { type ClusterCounts, LEAST_CLUSTERS } from "./clusters.ts";
export { connectedRegions } from "./components.ts";
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
  nearestRows,
} from "./generation/nearest.ts";
export { type PrecisionRecall, type PrecisionRecallOptions, precisionRecall } from "./generation/precision-recall.ts";
export { normalProbability, normalQuantile } from "./normal.ts";
export { type ConfusionCounts, confusionCounts, type OperatingPoint, operatingPoint } from "./operating-point.ts";
export { type PairedDifference, type PairedDifferenceOptions, pairedDifference } from "./paired.ts";
export type { PixelImage } from "./pixel-image.ts";
export { type BestDice, type PixelMetrics, pixelMetrics } from "./pixels.ts";
export { exactProportion, type Proportion } from "./proportion.ts";
export { type Random, seededRandom } from "./random.ts";
export { auroc, averagePrecision, type PrPoint, prCurve, type RocPoint, rocCurve } from "./ranking.ts";
export { type Histogram, histogram, mean, quantile, quantileOfSorted, standardDeviation } from "./summary.ts";
export { type NormalThreshold, normalsNeeded, smallestRate, thresholdFromNormals } from "./threshold.ts";
export type { RankingMetric } from "./weighted-ranking.ts";
