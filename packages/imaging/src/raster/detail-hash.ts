/**
 * @file A perceptual hash of 1024 bits that recognises the same picture stored again: scaled, recompressed, brighter or of
 * another contrast. It says of each of 32 × 32 places whether it is brighter than its surroundings. Unlike the short hash of hash.ts
 * it decides by itself, so it does for pictures that are not at hand any more; cropped or turned ones it does not know.
 */
import { localDetail } from "./detail.ts";
import { checkRaster, type Raster, toGrey } from "./raster.ts";
import { resizePlane } from "./resize.ts";

const SIDE = 32;
/** Radius of the surroundings, in places, and grey levels of 255 that recompression may add. */
const RADIUS = 3;
const NOISE = 1;

const DETAIL_HASH_BITS = SIDE * SIDE;
export const DETAIL_HASH_BYTES = DETAIL_HASH_BITS / 8;

/** The hash of a picture of any size, DETAIL_HASH_BYTES bytes. Throws what `checkRaster` throws. */
export function detailHash(raster: Raster): Uint8Array {
  checkRaster(raster);
  const { data, width, height } = toGrey(raster);
  const plane = resizePlane(data, width, height, SIDE, SIDE);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of plane) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const gain = 255 / Math.max(high - low, 1e-6);
  const detail = localDetail(
    plane.map((value) => (value - low) * gain),
    SIDE,
    SIDE,
    RADIUS,
    NOISE,
  );
  const hash = new Uint8Array(DETAIL_HASH_BYTES);
  for (let i = 0; i < detail.length; i++) if (detail[i] > 0) hash[i >> 3] |= 1 << (i & 7);
  return hash;
}

/**
 * Bits in which two hashes differ, from 0 to DETAIL_HASH_BITS; about a quarter of them for pictures of one kind. Counting may
 * end beyond `limit`.
 */
export function detailHashDistance(a: Uint8Array, b: Uint8Array, limit = DETAIL_HASH_BITS): number {
  let distance = 0;
  for (let i = 0; i < a.length && distance <= limit; i++) distance += ONES[a[i] ^ b[i]];
  return distance;
}

/** The hashes of the same picture as it is, mirrored left-right, upside down, and both. */
export function mirroredHashes(hash: Uint8Array): Uint8Array[] {
  return [0, 1, 2, 3].map((turn) => {
    const out = new Uint8Array(DETAIL_HASH_BYTES);
    for (let i = 0; i < DETAIL_HASH_BITS; i++) {
      if ((hash[i >> 3] & (1 << (i & 7))) === 0) continue;
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      const to = (turn & 2 ? SIDE - 1 - y : y) * SIDE + (turn & 1 ? SIDE - 1 - x : x);
      out[to >> 3] |= 1 << (to & 7);
    }
    return out;
  });
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let bits = byte; bits > 0; bits >>= 1) ones += bits & 1;
  return ones;
});
