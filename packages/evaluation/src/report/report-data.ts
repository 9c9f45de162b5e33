/**
 * @file Everything a report says, as plain data that survives JSON (PNG bytes excepted, which may come as base64). It is
 * gathered by the evaluation; nothing is computed from images here. Text is untrusted: paths and class names come from
 * users' files, and are escaped when rendered.
 */

/** An estimate with its interval, or the reason why there is none. */
export type IntervalData =
  | { estimate: number; low: number; high: number }
  | { estimate: number; low: null; high: null; reason: string };

/** A proportion with its exact (Clopper-Pearson) interval. */
export interface ProportionData {
  successes: number;
  trials: number;
  /** successes / trials, 0..1. */
  value: number;
  low: number;
  high: number;
}

/** PNG bytes, or the same in base64. */
export type PngData = Uint8Array | string;

export interface ReportData {
  title: string;
  /** When the report was made, as it shall be printed. */
  created: string;
  /** Whether the method makes a healthy counterpart of each image; where it does not, the report speaks of none. */
  counterpart: boolean;
  provenance: ProvenanceData;
  audit: AuditData;
  headline: HeadlineData;
  /** Null where no threshold was set or nothing is labelled. */
  operatingPoint: OperatingPointData | null;
  curves: CurvesData | null;
  /** Scores of the labelled test images; higher is more abnormal. */
  scores: { normal: readonly number[]; abnormal: readonly number[] };
  training: TrainingData;
  /** One row for each kind of abnormality; empty where there is only one. */
  classes: readonly ClassData[];
  /** What the score is made of, or could be, each alone; empty for most methods. */
  parts: readonly { name: string; auroc: IntervalData }[];
  /** Null where no masks exist. */
  pixels: PixelData | null;
  /** Whole volumes; null or missing where the images are no slices. */
  volumes?: VolumesData | null;
  /** The one scale of all anomaly maps in the report. */
  legend: LegendData;
  cases: CasesData;
  /** All labelled test images: those that need review first, each part with the highest score first. */
  images: readonly ImageRowData[];
}

export interface ProvenanceData {
  method: string;
  /** Variant or preset, for example "width 8, 64 × 64". */
  variant: string;
  dataset: string;
  /** Images by split, label and class; `patients` is of the same images, null where that of some is unknown. */
  counts: readonly CountData[];
  imageSize: string;
  seed: number;
  /** What the training went through, such as "4000 iterations" or "one pass over 300 normals". */
  learnt: string;
  /** Wall time of the training, seconds. */
  seconds: number;
  device: string;
  versions: readonly { name: string; version: string }[];
  /** Which checkpoint was kept; null where there is nothing to choose from. */
  checkpoint: string | null;
  /** The rule that picked it, and the images it looked at. */
  selectionRule: string;
  /** Command lines that make this report again. */
  commands: readonly string[];
  /** Further facts, for example options of the method. */
  more?: readonly { name: string; value: string }[];
}

export interface CountData {
  split: string;
  label: string;
  class: string;
  images: number;
  patients: number | null;
}

export interface AuditData {
  warnings: readonly string[];
  /** Images or patients found in more than one split, each as a sentence. Null: not looked for. */
  leaks: readonly string[] | null;
  /** Whether near copies were looked for. */
  nearCopies: boolean;
  /** Of how many images the patient is known: without that nothing can be said of patients in two splits. */
  patientsKnown: "all" | "some" | "none";
  /** Whether the detector was made with test images: a sentence, whether it takes from the result, and which they are. */
  seen: { text: string; warns: boolean; images: readonly string[] };
  skipped: readonly { path: string; reason: string }[];
  /** What the controls were measured on, for example "the 200 labelled test images". */
  controlsOn: string;
  /** Scores that know nothing of disease, in the direction that serves them; null where they could not be measured. */
  controls: readonly ControlData[] | null;
  /** AUROC from which a control is warned about, for example 0.7. */
  suspiciousAuroc: number;
}

export interface ControlData {
  /** For example "brightness". */
  name: string;
  /** Plain words, for example "abnormal images are darker". */
  meaning: string;
  auroc: IntervalData;
  /**
   * The method less the control, on the same images; null where they cannot be compared, or fairly: where the control was
   * given images that the method was not.
   */
  compared: ComparedData | null;
}

export interface ComparedData {
  /** Of AUROC. */
  difference: IntervalData;
  /** After Holm over all controls; null without an interval. */
  pValue: number | null;
  /** What may be said of the method. */
  verdict: "above" | "below" | "undecided";
}

export interface HeadlineData {
  auroc: IntervalData | null;
  averagePrecision: IntervalData | null;
  /** Confidence level of every interval, for example 0.95. */
  level: number;
  normal: number;
  abnormal: number;
  /** Groups of images that belong together: patients or groups. */
  clusters: number;
  /** What a cluster is, for example "patients". */
  clusterName: string;
  /** A caution on the intervals, for example about few clusters. */
  caution?: string | null;
}

export interface OperatingPointData {
  threshold: number;
  /** The false-alarm rate asked for, 0..1. */
  falseAlarmRate: number;
  /** Held-out normals that set the threshold. */
  normals: number;
  /** Exact interval of this threshold's own false-alarm rate; null where unknown. */
  low: number | null;
  high: number | null;
  counts: { truePositive: number; falsePositive: number; trueNegative: number; falseNegative: number };
  sensitivity: ProportionData | null;
  specificity: ProportionData | null;
  /** Images that need review: none of the counts holds them. */
  needsReview: number;
  caution?: string | null;
}

/** A point of a curve, both in 0..1. */
export interface CurvePoint {
  x: number;
  y: number;
}

export interface CurvesData {
  /** x false-positive rate, y true-positive rate; from (0, 0) to (1, 1). */
  roc: readonly CurvePoint[];
  /** x recall, y precision. */
  pr: readonly CurvePoint[];
}

export interface TrainingData {
  /** One series for each loss, each with its own iterations: networks that take turns log theirs in different rows. */
  losses: readonly { name: string; points: readonly { iteration: number; value: number }[] }[];
  selection: {
    /** What was watched, for example "pseudo-AUC on held-out normals and unlabelled images". */
    name: string;
    points: readonly { iteration: number; value: number }[];
    /** Iteration of the checkpoint that was kept. */
    chosen: number;
  } | null;
}

export interface ClassData {
  name: string;
  images: number;
  /** Against all normals. */
  auroc: IntervalData | null;
  /** At the threshold. */
  sensitivity: ProportionData | null;
}

export interface PixelData {
  /** Abnormal images with a mask. */
  masked: number;
  /** Normal images, all of whose pixels count as normal. */
  normals: number;
  /** Abnormal images without a mask, which say nothing about pixels and were left out. */
  unmasked: number;
  auroc: number;
  averagePrecision: number;
  /** Largest Dice over thresholds. */
  bestDice: number;
  aupro: number;
  /** False-positive rate up to which AUPRO is integrated. */
  auproLimit: number;
}

export interface VolumeRowData {
  path: string;
  label: string;
  /** In words; null where there is no threshold. */
  decision: string | null;
  score: number;
  /** Number of the slice with the highest score. */
  highest: number;
  /** In order of the slices. */
  slices: readonly { score: number; marked: boolean }[];
}

export interface VolumesData {
  /** In words, for example "the maximum". */
  aggregation: string;
  normal: number;
  abnormal: number;
  clusters: number;
  /** Null where one of the classes has no volume. */
  auroc: IntervalData | null;
  averagePrecision: IntervalData | null;
  operating: { threshold: number; sensitivity: ProportionData | null; specificity: ProportionData | null } | null;
  /** Why there is no threshold for volumes; null where there is one. */
  reason: string | null;
  caution: string | null;
  /** The highest score first. */
  rows: readonly VolumeRowData[];
}

export interface LegendData {
  /** Map value of the last colour; the scale starts at 0. */
  maximum: number;
  /** Where the maximum comes from, for example "the 99.5th percentile over 100 held-out normals". */
  origin: string;
  /** CSS colours from 0 to the maximum, evenly spaced: `#rrggbb` or `rgb(r, g, b)`. */
  stops: readonly string[];
}

export interface CasesData {
  /** Images outside what the detector knows. */
  needsReview: { total: number; shown: readonly CaseData[] };
  mostAbnormal: readonly CaseData[];
  leastAbnormal: readonly CaseData[];
  /** Normals above the threshold: how many there are, and those shown. */
  falseAlarms: { total: number; shown: readonly CaseData[] };
  /** Abnormal images not above the threshold. */
  misses: { total: number; shown: readonly CaseData[] };
}

export interface CaseData {
  path: string;
  score: number;
  /** In words; null where there is no threshold. */
  decision: string | null;
  /** As it shall be printed, for example "abnormal (dark)" or "unlabelled". */
  label: string;
  image: PngData;
  /** What the method made on the way from the image to its counterpart, in order; mostly nothing. */
  views: readonly { name: string; picture: PngData }[];
  /** Null where the method makes no counterpart. */
  healthy: PngData | null;
  /** Already coloured on the scale of the legend. */
  map: PngData;
  /** Outline of the lesion mask, from `maskOutline`. */
  outline?: OutlineData | null;
}

/** One row of the table of all test images. */
export interface ImageRowData {
  path: string;
  /** "normal" or "abnormal". */
  label: string;
  /** Empty where the images have no kinds. */
  class: string;
  score: number;
  /** Null where no held-out normals are known. */
  pValue: number | null;
  /** In words; null where there is no threshold. */
  decision: string | null;
  /** Why it needs review; null for an image that does not. */
  reason: string | null;
  /** What the decision is beside the label; null where nothing was decided. */
  verdict: "right" | "miss" | "false alarm" | "needs review" | null;
}

/** An SVG path in pixels of a picture of the given size. */
export interface OutlineData {
  path: string;
  width: number;
  height: number;
}
