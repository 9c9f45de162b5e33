/**
 * @file Which pictures were used to make a detector, as hashes from which no picture can be drawn again: of the decoded pixels,
 * and a perceptual one (detailHash of @hale/imaging), by which the same picture stored again is known. Whoever holds a picture
 * can ask whether it was used. Files: node/seen-file.ts; the card may hold the same.
 */
import { sha256Hex } from "@hale/core";
import {
  checkRaster,
  DETAIL_HASH_BYTES,
  detailHash,
  detailHashDistance,
  mirroredHashes,
  type Raster,
} from "@hale/imaging";
import * as z from "zod";

/** Bytes of the SHA-256 that are kept: more than enough where nobody forges pictures. */
const EXACT_BYTES = 16;
const PRINT_BYTES = EXACT_BYTES + DETAIL_HASH_BYTES;
/** Most pictures that are kept: 14 MB. */
const MOST_SEEN = 100_000;

/**
 * Most bits in which a picture that was stored again differs. Measured on five public sets: recompressed or sharpened copies
 * differ in at most 68 and nearly all in less than 40; pictures of different patients in 48 or more.
 */
const NEAR = 40;

/** What is kept of a picture. */
export interface SeenPrint {
  /** Of the decoded pixels, EXACT_BYTES. */
  exact: Uint8Array;
  /** Perceptual, DETAIL_HASH_BYTES. */
  detail: Uint8Array;
}

const base64Length = (bytes: number) => 4 * Math.ceil(bytes / 3);

export const seenSchema = z
  .strictObject({
    /** Pictures that it learnt from, or that selected its checkpoint or set its threshold. */
    images: z.int().min(0).max(MOST_SEEN),
    /** All prints one after the other, in base64. */
    prints: z.string().max(base64Length(MOST_SEEN * PRINT_BYTES)),
  })
  .refine(({ images, prints }) => bytesOf(prints)?.length === images * PRINT_BYTES, "holds other prints than it says");

export type SeenRecord = z.infer<typeof seenSchema>;

/** The print of a picture. Throws what `checkRaster` throws, and what `sha256Hex` throws in pages. */
export async function printOf(raster: Raster): Promise<SeenPrint> {
  checkRaster(raster);
  const { width, height, channels, maxValue, data } = raster;
  const head = new TextEncoder().encode(`${width} ${height} ${channels} ${maxValue}\n`);
  const samples = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const all = new Uint8Array(head.length + samples.length);
  all.set(head);
  all.set(samples, head.length);
  const hex = await sha256Hex(all);
  const exact = Uint8Array.from({ length: EXACT_BYTES }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  return { exact, detail: detailHash(raster) };
}

/** Prints as they are kept, in an order that says nothing of the pictures; of more than MOST_SEEN, the first. */
export function seenRecord(prints: readonly SeenPrint[]): SeenRecord {
  const kept = prints.slice(0, MOST_SEEN).map(({ exact, detail }) => Uint8Array.from([...exact, ...detail]));
  kept.sort((a, b) => compare(a, b));
  let text = "";
  for (const print of kept) for (const byte of print) text += String.fromCharCode(byte);
  return { images: kept.length, prints: btoa(text) };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

/** "exact": the same pixels; "near": the same picture stored again, or its mirror image. */
export type SeenAs = "exact" | "near";

/** How a picture is known from what is kept; null for one that is not. */
export function seenSearch({ prints }: SeenRecord): (print: SeenPrint) => SeenAs | null {
  const bytes = bytesOf(prints) ?? new Uint8Array();
  const exact = new Set<string>();
  const details: Uint8Array[] = [];
  for (let at = 0; at + PRINT_BYTES <= bytes.length; at += PRINT_BYTES) {
    exact.add(bytes.subarray(at, at + EXACT_BYTES).join());
    details.push(bytes.subarray(at + EXACT_BYTES, at + PRINT_BYTES));
  }
  return (print) => {
    if (exact.has(print.exact.join())) return "exact";
    // A picture without any detail looks like every other of its kind.
    if (print.detail.every((byte) => byte === 0)) return null;
    const turned = mirroredHashes(print.detail);
    return details.some((one) => turned.some((hash) => detailHashDistance(hash, one, NEAR) <= NEAR)) ? "near" : null;
  };
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
