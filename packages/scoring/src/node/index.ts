/** @file Everything between a file and a finding. What needs files or threads. */
export { DICOM_OUT_HELP, type DicomOutOptions, identityOf, openDicomOut, SEGMENT_ABOVE } from "./dicom-out.ts";
export { inputAsked, refusePicture, type ScanScoring, scoreScan } from "./scans.ts";
export { findTargets, framesOf, type Target } from "./targets.ts";
