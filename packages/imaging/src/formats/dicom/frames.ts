/**
 * @file Which fragments of encapsulated pixels make up which frame (PS3.5, A.4): by the extended offset table, the
 * basic offset table, one fragment a frame, or the markers that a code stream begins with. Tables are checked against
 * the fragments; one that does not fit them is not believed.
 */
import type { DataSet } from "./dataset.ts";
import type { PixelFormat } from "./pixels.ts";
import { damaged } from "./refuse.ts";
import type { Fragment } from "./walk.ts";

/** The encoded bytes of each frame; not copied where a frame is one fragment. */
export function encodedFrames(bytes: Uint8Array, data: DataSet, format: PixelFormat, name: string): Uint8Array[] {
  const all = format.element.fragments;
  if (!all) throw damaged(name, "its transfer syntax is compressed, and its pixel data are not");
  const [table, ...fragments] = all;
  if (!table || fragments.length === 0) throw damaged(name, "its pixel data hold no fragments");
  const { frames } = format;
  if (fragments.length < frames) {
    throw damaged(name, `its pixel data hold ${fragments.length} fragments for ${frames} frames`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + table.offset, table.length);
  const basic = Array.from({ length: table.length >> 2 }, (_, i) => view.getUint32(4 * i, true));
  const starts =
    frames === 1
      ? [0]
      : (byOffsets(data.uint64s(0x7fe00001) ?? [], fragments, frames) ??
        byOffsets(basic, fragments, frames) ??
        (fragments.length === frames ? fragments.map((_, i) => i) : byMarkers(bytes, fragments, frames)));
  if (!starts)
    throw damaged(name, `it does not tell which of its ${fragments.length} fragments make up ${frames} frames`);
  return starts.map((start, i) => join(bytes, fragments.slice(start, starts[i + 1] ?? fragments.length)));
}

/** Offsets count from the item tag of the first fragment. Null unless each points to a fragment, in order. */
function byOffsets(offsets: number[], fragments: Fragment[], frames: number): number[] | null {
  if (offsets.length !== frames) return null;
  const index = new Map(fragments.map((fragment, i) => [fragment.start - fragments[0].start, i]));
  const starts: number[] = [];
  for (const offset of offsets) {
    const start = index.get(offset);
    if (start === undefined || (starts.length > 0 && start <= starts[starts.length - 1])) return null;
    starts.push(start);
  }
  return starts[0] === 0 ? starts : null;
}

/** Fragments that begin with SOI (FF D8), SOC (FF 4F) or the signature box of JP2. */
function byMarkers(bytes: Uint8Array, fragments: Fragment[], frames: number): number[] | null {
  const begins = (at: number) =>
    (bytes[at] === 0xff && (bytes[at + 1] === 0xd8 || bytes[at + 1] === 0x4f)) ||
    (bytes[at] === 0 && bytes[at + 3] === 12 && bytes[at + 4] === 0x6a && bytes[at + 5] === 0x50);
  const starts = fragments.flatMap((fragment, i) => (fragment.length >= 6 && begins(fragment.offset) ? [i] : []));
  return starts.length === frames && starts[0] === 0 ? starts : null;
}

function join(bytes: Uint8Array, fragments: Fragment[]): Uint8Array {
  if (fragments.length === 1) return bytes.subarray(fragments[0].offset, fragments[0].offset + fragments[0].length);
  const joined = new Uint8Array(fragments.reduce((sum, fragment) => sum + fragment.length, 0));
  let at = 0;
  for (const { offset, length } of fragments) {
    joined.set(bytes.subarray(offset, offset + length), at);
    at += length;
  }
  return joined;
}
