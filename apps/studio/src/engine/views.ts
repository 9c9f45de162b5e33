/** @file What the viewer is given of one image or slice: numbers, not colours. */
import type { Decision } from "@hale/detector";

/** Row-major, interleaved, values in [0, 1]. */
export interface ShownPicture {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Float32Array;
}

export interface ShownMap {
  width: number;
  height: number;
  data: Float32Array;
}

/** One image as it is looked at. */
export interface ImageView {
  /** The picture, or the part of the slice that the network saw, at its own resolution. */
  picture: ShownPicture;
  /** Height of a pixel over its width. */
  pixelAspect: number;
  /** Meaningful values of the pixels, of grey scans; null where the shown ones are all there is. */
  values: { data: Float32Array; unit: string | null } | null;
  map: ShownMap;
  healthy: ShownPicture | null;
  /** Other pictures of the method, by name. */
  views: Record<string, ShownPicture>;
  /** Of this image or slice. */
  score: number;
  decision: Decision | null;
  /** Null for a picture. */
  slice: { index: number; indices: number[]; axis: string } | null;
}
