/**
 * @file Proxies of a picture: images that keep its layout and lose its detail, from which ProxyAno reconstructs. Source:
 * Zhou et al., "Proxy-bridged Image Reconstruction Network for Anomaly Detection in Medical Images", TMI 2021, in
 * which the superpixel image did best; the other kinds are there to compare it with.
 */
import { HaleError } from "@hale/core";
import { resizePlane } from "@hale/imaging";
import { cellLabels, cellsOf } from "./cells.ts";
import { gaussianBlur, sobelEdges } from "./filters.ts";
import { checkImage, checkSegments, type ImageShape, type Superpixels } from "./shape.ts";
import { slic } from "./slic.ts";

/**
 * The kinds of proxy: means over SLIC regions, means over square blocks, a Gaussian blur, the strength of edges, down-
 * and up-sampling, and the image itself.
 */
export const PROXIES = ["superpixel", "blocks", "blur", "edges", "downup", "image"] as const;

export type ProxyKind = (typeof PROXIES)[number];

export interface ProxyOptions {
  /**
   * Regions that the proxy keeps about one value for, K: whole, 1 to the number of pixels. Sets the scale of every
   * kind but "edges" and "image", S = √(H·W / K) pixels.
   */
  segments: number;
  /** For "superpixel" alone: as in `slic`. */
  compactness?: number;
}

/** Mean of each region in each channel, [C, count], summed in float64 in scan order. Throws as `superpixelImage`. */
export function superpixelMeans(image: Float32Array, shape: ImageShape, superpixels: Superpixels): Float64Array {
  checkImage(image, shape);
  const area = shape.width * shape.height;
  const { count } = superpixels;
  const sizes = regionSizes(superpixels, area);
  const means = new Float64Array(shape.channels * count);
  for (let c = 0; c < shape.channels; c++) {
    for (let p = 0; p < area; p++) means[c * count + superpixels.labels[p]] += image[c * area + p];
    for (let k = 0; k < count; k++) means[c * count + k] /= sizes[k];
  }
  return means;
}

/**
 * The superpixel image, [C, H, W] as `image`: every pixel has the mean of its region, channel by channel. It is the
 * orthogonal projection on images that are constant in each region. Throws OPTION_INVALID for a bad shape and
 * SHAPE_MISMATCH when picture, labels and shape do not fit together.
 */
export function superpixelImage(image: Float32Array, shape: ImageShape, superpixels: Superpixels): Float32Array {
  const means = superpixelMeans(image, shape, superpixels);
  const { labels, count } = superpixels;
  const out = new Float32Array(image.length);
  for (let c = 0; c < shape.channels; c++) {
    for (let p = 0; p < labels.length; p++) out[c * labels.length + p] = means[c * count + labels[p]];
  }
  return out;
}

/** Pixels of each region. Throws SHAPE_MISMATCH unless every one of `area` pixels has a label in 0 … count - 1. */
function regionSizes({ labels, count }: Superpixels, area: number): Int32Array {
  const sizes = new Int32Array(count);
  let labelled = 0;
  for (let p = 0; p < labels.length; p++) {
    if (labels[p] < 0 || labels[p] >= count) continue;
    sizes[labels[p]]++;
    labelled++;
  }
  if (labelled !== area || labels.length !== area) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `Of ${labels.length} labels, ${labelled} name one of ${count} regions; the picture has ${area} pixels.`,
      "Give the superpixels of a picture of the same size.",
    );
  }
  return sizes;
}

/**
 * The proxy of a picture, [C, H, W] in [0, 1] to [C, H, W] in [0, 1], always a new array. Throws OPTION_INVALID for an
 * unknown kind or bad options and SHAPE_MISMATCH when the picture does not fit its shape.
 */
export function proxyImage(
  kind: ProxyKind,
  image: Float32Array,
  shape: ImageShape,
  options: ProxyOptions,
): Float32Array {
  checkImage(image, shape);
  checkSegments(options.segments, shape);
  const { width, height } = shape;
  const cells = cellsOf(shape, options.segments);
  switch (kind) {
    case "superpixel":
      return superpixelImage(image, shape, slic(image, shape, options));
    case "blocks":
      return superpixelImage(image, shape, cellLabels(shape, cells));
    case "blur":
      return planeByPlane(image, shape, (plane) => gaussianBlur(plane, width, height, cells.step / 2));
    case "edges":
      return planeByPlane(image, shape, (plane) => sobelEdges(plane, width, height));
    case "downup":
      return planeByPlane(image, shape, (plane) => {
        const small = resizePlane(plane, width, height, cells.columns, cells.rows);
        return resizePlane(small, cells.columns, cells.rows, width, height);
      });
    case "image":
      return image.slice();
    default:
      throw new HaleError("OPTION_INVALID", `There is no proxy "${kind}".`, `Choose one of ${PROXIES.join(", ")}.`);
  }
}

/** The picture with each of its planes, [H, W], filtered by itself. */
function planeByPlane(
  image: Float32Array,
  shape: ImageShape,
  filter: (plane: Float32Array) => Float32Array,
): Float32Array {
  const area = shape.width * shape.height;
  const out = new Float32Array(image.length);
  for (let c = 0; c < shape.channels; c++) out.set(filter(image.subarray(c * area, (c + 1) * area)), c * area);
  return out;
}
