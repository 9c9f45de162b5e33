/** @file The trained artefact: one file, loaded anywhere. Files on disk are left to `@hale/detector/node`. */

export { batchSize, MOST_IMAGES } from "./batch.ts";
export { curveSvg } from "./curve.ts";
export { DECISIONS, type Decision, decide, decisionWords, inOrderOfReview } from "./decision.ts";
export { type Call, Detector, type Finding, type Verdict } from "./detector.ts";
export { isBlank, refuseBlank } from "./domain/blank.ts";
export {
  type DomainFinding,
  type DomainReason,
  domainCheck,
  domainOfSlices,
  domainWords,
} from "./domain/check.ts";
export { type Description, describe } from "./domain/description.ts";
export { fitDomain } from "./domain/fit.ts";
export type { DomainRecord } from "./domain/record.ts";
export { MAX_DETECTOR_BYTES } from "./format/archive.ts";
/** @public */
export {
  CARD_FORMAT,
  type Card,
  type CardThreshold,
  cardSchema,
  INTENDED_USE,
  parseCard,
  RESEARCH_USE,
  thresholdForCard,
} from "./format/card.ts";
export {
  type Aggregation,
  aggregateScores,
  aggregationName,
  aggregationSchema,
  scanInputSchema,
} from "./format/input.ts";
export { tooCostly } from "./format/model-guard.ts";
export { LOAD_MEMORY_BYTES, LOAD_MILLISECONDS } from "./format/model-limits.ts";
/** @public */
export { DETECTOR_FORMAT, type DetectorParts, packDetector, readCard, unpackDetector } from "./format/package.ts";
export { type LegendStop, legendStops, mapPng, overlayPng, picturePng } from "./heat.ts";
export { DetectorModel, type Examination, type ModelImage, type Picture, type Plane, type Scores } from "./model.ts";
export { INPUT, OUTPUTS, PART_PREFIX, prefixed, underPrefix, VIEW_PREFIX } from "./outputs.ts";
export { printOf, type SeenAs, type SeenPrint, type SeenRecord, seenRecord, seenSearch } from "./seen.ts";
export { factsOf, type Section } from "./show/facts.ts";
export { cardPage } from "./show/page.ts";
export { cardText } from "./show/text.ts";
export { type ExamineScanOptions, examineScan, type SliceScore, type VolumeFinding } from "./volume.ts";
