/**
 * @file RLE Lossless (PS3.5, annex G): byte planes, the highest byte of each sample first, each packed as PackBits. A
 * segment that ends early, or runs past its plane, is refused.
 */
import { damaged } from "./refuse.ts";

/**
 * Unpacks one frame of `pixels` pixels with `samples` samples of `width` bytes into interleaved little-endian bytes.
 * `frame` holds the 64-byte header and the segments.
 */
export function decodeRle(frame: Uint8Array, pixels: number, samples: number, width: number, name: string): Uint8Array {
  const segments = samples * width;
  if (frame.length < 64) throw damaged(name, "an RLE header is cut off");
  const header = new DataView(frame.buffer, frame.byteOffset, 64);
  const count = header.getUint32(0, true);
  if (count !== segments) throw damaged(name, `an RLE frame has ${count} segments, and its format needs ${segments}`);
  const offsets = Array.from({ length: segments }, (_, i) => header.getUint32(4 + 4 * i, true));
  offsets.push(frame.length);
  const out = new Uint8Array(pixels * segments);
  for (let s = 0; s < segments; s++) {
    if (offsets[s] < 64 || offsets[s] > offsets[s + 1] || offsets[s + 1] > frame.length) {
      throw damaged(name, "an RLE segment lies outside its frame");
    }
    const sample = Math.floor(s / width);
    const byte = width - 1 - (s % width);
    unpack(frame.subarray(offsets[s], offsets[s + 1]), out, sample * width + byte, segments, pixels, name);
  }
  return out;
}

/** PackBits: n < 128 copies n + 1 bytes, n > 128 repeats one byte 257 - n times, 128 is nothing. */
function unpack(source: Uint8Array, out: Uint8Array, first: number, step: number, pixels: number, name: string): void {
  let done = 0;
  let to = first;
  let at = 0;
  // What follows a full plane is padding.
  while (done < pixels) {
    if (at >= source.length) throw damaged(name, "an RLE segment ends early");
    const n = source[at++];
    if (n === 128) continue;
    const length = n < 128 ? n + 1 : 257 - n;
    if (length > pixels - done) throw damaged(name, "an RLE run goes past the end of its plane");
    if (n < 128) {
      if (length > source.length - at) throw damaged(name, "an RLE segment ends early");
      for (let i = 0; i < length; i++, to += step) out[to] = source[at++];
    } else {
      if (at >= source.length) throw damaged(name, "an RLE segment ends early");
      const value = source[at++];
      for (let i = 0; i < length; i++, to += step) out[to] = value;
    }
    done += length;
  }
}
