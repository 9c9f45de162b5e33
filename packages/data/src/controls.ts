/**
 * @file The confound audit: scores that know nothing of disease. Where brightness, sharpness or distance to the average
 * image alone tells normal from abnormal, a good detector may only have learnt how the pictures were taken. Where there is an
 * unlabelled pool, a linear model that is given it stands beside those methods that are given it too.
 */
import { HaleError } from "@hale/core";
import { auroc, clusteredIntervals, type Interval } from "@hale/statistics";
import { poolScores } from "./pool-control.ts";
import { dot, meanImage, principalAxes } from "./principal-axes.ts";

/** Side of the prepared grey images that controls look at, in pixels. */
export const CONTROL_SIZE = 64;
/** Components of the PCA control; fewer when there are fewer training images. */
const COMPONENTS = 16;
/** AUROC from which a control is warned about. */
export const SUSPICIOUS_AUROC = 0.7;

export interface ControlInput {
  /** Prepared grey images, [64, 64] in [-1, 1], of training normals. */
  trainNormals: readonly Float32Array[];
  /** The same of unlabelled training images; the control by them is left out where there are none. */
  pool?: readonly Float32Array[];
  /** Prepared grey images to score. */
  images: readonly Float32Array[];
}

export type ControlName = "brightness" | "mean-image" | "blur" | "pca" | "pool";

export interface ControlResult {
  name: ControlName;
  /**
   * With an interval over clusters. In the direction that serves the control better, so at least ½; but `pool` has learnt
   * its direction without labels and keeps it.
   */
  auroc: Interval;
  averagePrecision: Interval;
  /** Of the images, in their order and that direction. */
  scores: readonly number[];
  /** What tells abnormal images apart, in plain words, for example "abnormal images are darker". */
  direction: string;
}

/** A control: scores (one an image, higher means more abnormal) and words for either direction. */
interface Control {
  score: (input: ControlInput) => Float64Array;
  higher: string;
  lower: string;
  /** Given the unlabelled pool, and with a direction of its own. */
  usesPool?: true;
}

export const CONTROLS: Readonly<Record<ControlName, Control>> = {
  brightness: {
    score: ({ images }) => Float64Array.from(images, mean),
    higher: "abnormal images are brighter",
    lower: "abnormal images are darker",
  },
  "mean-image": {
    score: distanceToMean,
    higher: "abnormal images are farther from the average normal image",
    lower: "abnormal images are nearer to the average normal image",
  },
  blur: {
    score: ({ images }) => Float64Array.from(images, (image) => -meanGradient(image)),
    higher: "abnormal images are blurrier",
    lower: "abnormal images are sharper",
  },
  pca: {
    score: pcaError,
    higher: `abnormal images fit ${COMPONENTS} principal components of the normals worse`,
    lower: `abnormal images fit ${COMPONENTS} principal components of the normals better`,
  },
  pool: {
    score: ({ trainNormals, pool = [], images }) => poolScores({ trainNormals, pool, images }),
    higher: "abnormal images are more like the unlabelled pool than like train normals",
    lower: "abnormal images are less like the unlabelled pool than normal ones",
    usesPool: true,
  },
};

export interface AuditOptions {
  /** 0 normal, 1 abnormal, one an image. */
  labels: readonly (0 | 1)[];
  /** The patient or group of each image, by which intervals are drawn. */
  clusters: readonly string[];
  /** Of the bootstrap. */
  seed?: number;
}

/**
 * The AUROC and average precision of every control. Throws OPTION_INVALID without training
 * normals and STATISTIC_UNSUPPORTED when only one class is there.
 */
export function auditControls(input: ControlInput, { labels, clusters, seed = 1 }: AuditOptions): ControlResult[] {
  if (input.trainNormals.length === 0) {
    throw new HaleError("OPTION_INVALID", "Controls need normal training images.", "Add some to the train part.");
  }
  const names = (Object.keys(CONTROLS) as ControlName[]).filter(
    (name) => !CONTROLS[name].usesPool || input.pool?.length,
  );
  return names.map((name) => {
    const { score, higher, lower, usesPool } = CONTROLS[name];
    const given = score(input);
    const straight = auroc(given, labels) >= 0.5;
    const scores = straight || usesPool ? given : given.map((value) => -value);
    const { intervals } = clusteredIntervals({
      scores,
      labels,
      clusters,
      metrics: ["auroc", "averagePrecision"],
      seed,
    });
    return { name, ...intervals, scores: Array.from(scores), direction: straight ? higher : lower };
  });
}

function mean(image: Float32Array): number {
  let sum = 0;
  for (const value of image) sum += value;
  return sum / image.length;
}

/** Mean absolute difference from the mean of the training normals. */
function distanceToMean({ trainNormals, images }: ControlInput): Float64Array {
  const average = meanImage(trainNormals);
  return Float64Array.from(images, (image) => {
    let sum = 0;
    for (let i = 0; i < image.length; i++) sum += Math.abs(image[i] - average[i]);
    return sum / image.length;
  });
}

/** Mean of |forward differences| along both axes of a square image. */
function meanGradient(image: Float32Array): number {
  const side = Math.sqrt(image.length);
  let sum = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      if (x + 1 < side) sum += Math.abs(image[at + 1] - image[at]);
      if (y + 1 < side) sum += Math.abs(image[at + side] - image[at]);
    }
  }
  return sum / (2 * side * (side - 1));
}

/** Mean squared error after projection on the leading principal components of the training normals. */
function pcaError({ trainNormals, images }: ControlInput): Float64Array {
  const { mean: average, axes } = principalAxes(trainNormals, COMPONENTS);
  return Float64Array.from(images, (image) => {
    const rest = Float64Array.from(image, (value, i) => value - average[i]);
    let energy = dot(rest, rest);
    for (const axis of axes) energy -= dot(rest, axis) ** 2;
    return Math.max(0, energy) / image.length;
  });
}
