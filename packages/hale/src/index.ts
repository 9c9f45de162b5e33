/** @file What is the same in Node and in pages. Detectors and files are opened by `hale/node` and `hale/web`. */
export { type ErrorCode, HaleError, VERSION } from "@hale/core";
export type { AskedInput } from "@hale/data";
export {
  type Card,
  Detector,
  type Finding,
  mapPng,
  overlayPng,
  picturePng,
  RESEARCH_USE,
  type Verdict,
} from "@hale/detector";
export type { Raster, Scan } from "@hale/imaging";
export type { Device } from "@hale/runtime";
export {
  csvHead,
  csvRow,
  type Opened,
  type OutputFile,
  type Row,
  rowRecord,
  type ScoringOptions,
  type Sink,
  scoreTargets,
  type Target,
} from "@hale/scoring";
export type { ScoreSettings } from "./score-one.ts";
