/**
 * @file DICOM objects out: what a detector found, beside the images it was found in. The same in Node and browsers. An export of
 * its own, `@hale/imaging/dicom-objects`, to be imported when objects are asked for: it loads dcmjs.
 */

export type { DetectorIdentity } from "./common.ts";
export { STATEMENT } from "./common.ts";
export { type Deidentification, deidentifySources } from "./deidentify.ts";
export type { AnomalyMap, SourceFrame } from "./map.ts";
export { type ParametricMapInput, parametricMap } from "./parametric-map.ts";
export { type SecondaryCaptureInput, secondaryCapture } from "./secondary-capture.ts";
export { type SegmentationInput, segmentation } from "./segmentation.ts";
export { type Plane, type SourceInstance, sourceInstance, sourceOfFile } from "./source.ts";
export { type ReportInput, structuredReport } from "./structured-report.ts";
export { type Making, randomUid } from "./write.ts";
