/**
 * @file The confound audit: scores that know nothing of disease. Where brightness, sharpness or distance to the average
 * image alone tells normal from abnormal, a good detector may only have learnt how the pictures were taken.
 */
import { HaleError } from "@hale/core";
import { auroc, clusteredIntervals, type Interval } from "@hale/statistics";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Side of the prepared grey images that controls look at, in pixels. */
export const CONTROL_SIZE = 64;
/** Components of the PCA control; fewer when there are fewer training images. */
const COMPONENTS = 16;
/** AUROC from which a control is warned about. */
export const SUSPICIOUS_AUROC = 0.7;

export interface ControlInput {
  /** Prepared grey images, [64, 64] in [-1, 1], of training normals. */
  trainNormals: readonly Float32Array[];
  /** Prepared grey images to score. */
  images: readonly Float32Array[];
}

export type ControlName = "brightness" | "mean-image" | "blur" | "pca";

export interface ControlResult {
  name: ControlName;
  /** In the direction that serves the control better, so at least ½; with an interval over clusters. */
  auroc: Interval;
  averagePrecision: Interval;
  /** What tells abnormal images apart, in plain words, for example "abnormal images are darker". */
  direction: string;
}

/** A control: scores (one an image, higher means more abnormal) and words for either direction. */
interface Control {
  score: (input: ControlInput) => Float64Array;
  higher: string;
  lower: string;
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
  return (Object.keys(CONTROLS) as ControlName[]).map((name) => {
    const { score, higher, lower } = CONTROLS[name];
    const given = score(input);
    const straight = auroc(given, labels) >= 0.5;
    const scores = straight ? given : given.map((value) => -value);
    const { intervals } = clusteredIntervals({
      scores,
      labels,
      clusters,
      metrics: ["auroc", "averagePrecision"],
      seed,
    });
    return { name, ...intervals, direction: straight ? higher : lower };
  });
}

function mean(image: Float32Array): number {
  let sum = 0;
  for (const value of image) sum += value;
  return sum / image.length;
}

function meanImage(images: readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(images[0].length);
  for (const image of images) for (let i = 0; i < sum.length; i++) sum[i] += image[i] / images.length;
  return sum;
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

/**
 * Mean squared error after projection on the leading principal components of the training normals. They come from the
 * eigenvectors of the Gram matrix, which has the size of the training set (at most 1024 images, evenly picked).
 */
function pcaError({ trainNormals, images }: ControlInput): Float64Array {
  const step = Math.max(1, trainNormals.length / 1024);
  const picked = Array.from(
    { length: Math.floor(trainNormals.length / step) },
    (_, i) => trainNormals[Math.floor(i * step)],
  );
  const average = meanImage(picked);
  const centred = picked.map((image) => Float64Array.from(image, (value, i) => value - average[i]));
  const axes = principalAxes(centred, Math.min(COMPONENTS, picked.length - 1));
  return Float64Array.from(images, (image) => {
    const rest = Float64Array.from(image, (value, i) => value - average[i]);
    let energy = dot(rest, rest);
    for (const axis of axes) energy -= dot(rest, axis) ** 2;
    return Math.max(0, energy) / image.length;
  });
}

function principalAxes(centred: readonly Float64Array[], count: number): Float64Array[] {
  const size = centred.length;
  const gram = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = dot(centred[i], centred[j]);
      gram.set(i, j, value);
      gram.set(j, i, value);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const least = 1e-9 * realEigenvalues[order[0]];
  return order
    .slice(0, count)
    .filter((k) => realEigenvalues[k] > least)
    .map((k) => {
      const axis = new Float64Array(centred[0].length);
      for (let i = 0; i < size; i++) {
        const weight = eigenvectorMatrix.get(i, k) / Math.sqrt(realEigenvalues[k]);
        for (let p = 0; p < axis.length; p++) axis[p] += weight * centred[i][p];
      }
      return axis;
    });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
