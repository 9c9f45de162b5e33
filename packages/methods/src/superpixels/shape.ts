/** @file What this folder passes around: the shape of a picture, its superpixels, and the checks of both. */
import { HaleError } from "@hale/core";

/** Shape of a picture held as channel planes, [channels, height, width], values in [0, 1]. */
export interface ImageShape {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1 = grey, 3 = sRGB. */
  channels: 1 | 3;
}

/** A picture cut into regions. */
export interface Superpixels {
  /** Region of each pixel, row-major [height, width]: 0 … count - 1 without holes, numbered in scan order. */
  labels: Int32Array;
  /** Number of regions, at least 1. */
  count: number;
}

/** Throws OPTION_INVALID for a shape that makes no sense and SHAPE_MISMATCH when the picture does not fit it. */
export function checkImage(image: ArrayLike<number>, shape: ImageShape): void {
  const { width, height, channels } = shape;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1;
  if (!whole || (channels !== 1 && channels !== 3)) {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no picture of ${width} × ${height} with ${channels} channels.`,
      "Give whole sizes of at least 1 and 1 or 3 channels.",
    );
  }
  if (image.length !== width * height * channels) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A picture of ${width} × ${height} with ${channels} channels holds ${image.length} values.`,
      "Give channels × height × width values.",
    );
  }
}

/** Throws OPTION_INVALID unless the picture can be cut into about `segments` regions. */
export function checkSegments(segments: number, shape: ImageShape): void {
  const area = shape.width * shape.height;
  if (!Number.isInteger(segments) || segments < 1 || segments > area) {
    throw new HaleError(
      "OPTION_INVALID",
      `A picture of ${shape.width} × ${shape.height} cannot be cut into ${segments} segments.`,
      `Choose a whole number from 1 to ${area}, its pixels.`,
    );
  }
}
