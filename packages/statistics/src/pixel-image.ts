/** @file What pixel metrics are worked out from. */

/** One image: its anomaly map and its mask (abnormal where above 0), both row-major and of one size. */
export interface PixelImage {
  map: ArrayLike<number>;
  mask: ArrayLike<number>;
  /** Pixels in a row; the length of the map is a multiple of it. */
  width: number;
}
