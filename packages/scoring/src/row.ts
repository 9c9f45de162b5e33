/**
 * @file The row that a file becomes: all that is said of it, typed, and as the record that programs are given. Sentences of
 * errors are the caller's to complete: a command adds its flags.
 */
import type { ErrorCode, HaleError } from "@hale/core";
import {
  aggregationName,
  type Card,
  type Decision,
  type DomainFinding,
  decisionWords,
  PART_PREFIX,
  prefixed,
  type VolumeFinding,
} from "@hale/detector";
import type { SliceAxis } from "@hale/imaging";
import type { WrittenObjects } from "./dicom-objects.ts";

/** Why there is no score. */
export interface RowError {
  code: ErrorCode;
  fault: string;
  remedy: string;
  message: string;
  setting?: string;
}

/** How the score of a volume came about. */
export interface RowVolume {
  /** "max", "mean" or "top-k:5". */
  aggregation: string;
  axis: SliceAxis;
  highestSlice: number;
  slices: { slice: number; score: number }[];
}

export interface Row {
  file: string;
  /** Higher is more abnormal. Null where there is an error. */
  score: number | null;
  /** Conformal p-value among held-out normals; null where the card has none. */
  pValue: number | null;
  decision: Decision | null;
  /** Whether the image is like the training images; null where the card does not say how those look, or there is no score. */
  domain: DomainFinding | null;
  /** The decision in words, or why there is none; null where there is no score. */
  meaning: string | null;
  threshold: number | null;
  /** Why there is no threshold; null where there is one, or no score. */
  thresholdReason: string | null;
  /** Every part that the card names; null where the image has none: a volume, an error. */
  parts: Record<string, number | null>;
  volume: RowVolume | null;
  /** Samples that were NaN or infinite, and were taken as background. */
  notNumbers: number;
  /** The map of a scan, as the sink calls it. */
  map: string | null;
  /** DICOM objects, where they were asked for. */
  objects: WrittenObjects | null;
  error: RowError | null;
}

type Said = Pick<Row, "score" | "pValue" | "decision" | "threshold" | "thresholdReason">;

const NOTHING = {
  ...{ score: null, pValue: null, decision: null, domain: null },
  ...{ meaning: null, threshold: null, thresholdReason: null },
};

type Judged = Pick<Said, "decision" | "thresholdReason"> & Pick<VolumeFinding, "domain">;

function meaningOf(card: Card, { decision, thresholdReason, domain }: Judged, volume: boolean): string {
  return decisionWords(card, decision, volume, domain) ?? `no decision: ${thresholdReason ?? "there is no threshold."}`;
}

const partsOf = ({ parts }: Card, known: Readonly<Record<string, number>>) =>
  Object.fromEntries(parts.map((name) => [name, known[name] ?? null]));

export function pictureRow(
  card: Card,
  file: string,
  said: Omit<Said, "thresholdReason"> & Pick<VolumeFinding, "domain"> & { parts: Record<string, number> },
): Row {
  const { score, pValue, decision, threshold, parts, domain } = said;
  const all = { score, pValue, decision, threshold, thresholdReason: threshold === null ? card.thresholdReason : null };
  return {
    ...{ file, ...all, domain, meaning: meaningOf(card, { ...all, domain }, false) },
    parts: partsOf(card, parts),
    ...{ volume: null, notNumbers: 0, map: null, objects: null, error: null },
  };
}

export function scanRow(
  card: Card,
  file: string,
  finding: VolumeFinding,
  isVolume: boolean,
  written: Pick<Row, "map" | "objects">,
): Row {
  const { score, pValue, decision, domain, threshold, thresholdReason } = finding;
  const { slices, aggregation, axis, highest, notNumbers } = finding;
  return {
    ...{ file, score, pValue, decision, domain, threshold, thresholdReason },
    meaning: meaningOf(card, finding, isVolume),
    parts: partsOf(card, isVolume ? {} : slices[0].parts),
    volume: isVolume
      ? {
          aggregation: aggregationName(aggregation),
          axis,
          highestSlice: highest.slice,
          slices: slices.map(({ slice, score }) => ({ slice, score })),
        }
      : null,
    ...{ notNumbers, ...written, error: null },
  };
}

export function errorRow(card: Card, file: string, { code, fault, remedy, message, setting }: HaleError): Row {
  return {
    ...{ file, ...NOTHING },
    parts: partsOf(card, {}),
    ...{ volume: null, notNumbers: 0, map: null, objects: null },
    error: { code, fault, remedy, message, ...(setting !== undefined && { setting }) },
  };
}

/** Columns of a table of rows, in order. */
export const rowColumns = ({ parts }: Card): string[] => [
  ...["file", "score", "p_value", "decision", "threshold", "meaning", "error"],
  ...parts.map((name) => PART_PREFIX + name),
];

/** Turns a row's error into the sentences that people are shown. */
export type Sentences = (error: RowError) => string;

/** A row as programs are given it. */
export interface RowRecord extends Pick<Row, "file" | "score" | "decision" | "threshold" | "meaning"> {
  p_value: number | null;
  error: string | null;
  threshold_reason?: string;
  domain?: DomainFinding;
  aggregation?: string;
  axis?: SliceAxis;
  highest_slice?: number;
  slices?: RowVolume["slices"];
  not_numbers?: number;
  map?: string;
  dicom?: WrittenObjects["dicom"];
  leftOut?: WrittenObjects["leftOut"];
  [part: `part:${string}`]: number | null;
}

/** The row as one flat record; what does not concern it is left out. */
export function rowRecord(row: Row, sentences: Sentences = ({ message }) => message): RowRecord {
  const { file, score, threshold, domain, parts, volume, notNumbers, map, objects, error } = row;
  return {
    ...{ file, score, p_value: row.pValue, decision: row.decision, threshold, meaning: row.meaning },
    error: error && sentences(error),
    ...prefixed(PART_PREFIX, parts),
    ...(row.thresholdReason !== null && { threshold_reason: row.thresholdReason }),
    ...(domain && { domain }),
    ...(volume && {
      aggregation: volume.aggregation,
      axis: volume.axis,
      highest_slice: volume.highestSlice,
      slices: volume.slices,
    }),
    ...(notNumbers > 0 && { not_numbers: notNumbers }),
    ...(map !== null && { map }),
    ...objects,
  };
}
