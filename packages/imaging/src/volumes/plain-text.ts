/**
 * @file What the plain-text headers of NRRD and MetaImage share: a header of bounded length, lists of numbers, samples
 * written as text, and the name of a data file beside the header. ITK-Wasm reads both formats too and was not taken: 183
 * packages, an IPFS stack among them, for two text headers, and no way to check sizes before it allocates.
 */
import { corrupt, tooLarge, unsupported } from "../raster/limits.ts";
import { SAMPLE_BYTES, type SampleType, samplesOf } from "./samples.ts";
import type { Samples } from "./scan.ts";

/** Longest header that is looked at, in bytes. */
const MAX_HEADER_BYTES = 65536;

/** Bytes of the file that a header names, of which only a plain name is ever asked for. */
export type DataFile = (fileName: string) => Uint8Array | Promise<Uint8Array>;

/**
 * Lines of text, each with the byte after its line end (LF or CRLF), until `last` says that a line ends the header, or to
 * the end of the file. IMAGE_TOO_LARGE where that takes more than 64 KB.
 */
export function readLines(
  bytes: Uint8Array,
  last: (line: string) => boolean,
  name: string,
): string[] & { end: number } {
  const lines: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    let stop = start;
    while (stop < bytes.length && bytes[stop] !== 10 && stop <= MAX_HEADER_BYTES) stop++;
    const end = Math.min(stop + 1, bytes.length);
    if (end > MAX_HEADER_BYTES) throw tooLarge(name, `its header has more than ${MAX_HEADER_BYTES} bytes`);
    const line = new TextDecoder("latin1").decode(bytes.subarray(start, stop)).replace(/\r$/, "");
    lines.push(line);
    start = end;
    if (last(line)) break;
  }
  return Object.assign(lines, { end: start });
}

/** Finite numbers between spaces; IMAGE_CORRUPT for anything else, or when there are not `count` of them. */
export function numbersIn(text: string, count: number | null, field: string, name: string): number[] {
  const words = text.trim().split(/[\s,]+/);
  const numbers = words.map((word) => (word === "" ? Number.NaN : Number(word)));
  if (!numbers.every(Number.isFinite)) throw corrupt(name, `its ${field} holds what is not a number`);
  if (count !== null && numbers.length !== count) {
    throw corrupt(name, `its ${field} holds ${numbers.length} numbers where ${count} are due`);
  }
  return numbers;
}

/**
 * The name of a data file, where it is a plain one: a header decides about no file but those beside it. Throws
 * IMAGE_UNSUPPORTED for paths, patterns and lists of files.
 */
function siblingName(value: string, name: string): string {
  if (value === "" || value.length > 255 || /[/\\:%\0\n]|^\.{1,2}$|^list\b/i.test(value)) {
    throw unsupported(
      name,
      "its data are not in one file beside it",
      "Put header and data into one folder, or save both as one file.",
    );
  }
  return value;
}

/** The data of a detached header; IMAGE_UNSUPPORTED where no way to its file is given. */
export async function siblingData(fileName: string, open: DataFile | undefined, name: string): Promise<Uint8Array> {
  const plain = siblingName(fileName, name);
  if (!open) throw unsupported(name, "its data are in another file", "Give the data file together with it.");
  return open(plain);
}

const VALUES: Record<string, number> = {
  nan: Number.NaN,
  "-nan": Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** Exactly `count` samples written as text, apart by white space or commas. */
export function samplesFromText(bytes: Uint8Array, type: SampleType, count: number, name: string): Samples {
  // Each sample but the last takes a digit and a space.
  if (2 * count - 1 > bytes.length) throw corrupt(name, "it holds fewer samples than its header says");
  const float = type === "float32" || type === "float64";
  const holder: SampleType = type === "int64" || type === "uint64" ? "float64" : type;
  const out = samplesOf(new Uint8Array(count * SAMPLE_BYTES[holder]), holder, true, name, true);
  let found = 0;
  let at = 0;
  const isSpace = (byte: number) => byte <= 32 || byte === 44;
  while (at < bytes.length) {
    while (at < bytes.length && isSpace(bytes[at])) at++;
    if (at === bytes.length) break;
    const start = at;
    while (at < bytes.length && !isSpace(bytes[at])) at++;
    if (at - start > 64 || found === count) throw corrupt(name, "its samples are not the numbers its header says");
    const word = String.fromCharCode(...bytes.subarray(start, at));
    const value = VALUES[word.toLowerCase()] ?? Number(word);
    if (!float && !Number.isSafeInteger(value)) throw corrupt(name, "one of its samples is no whole number");
    if (Number.isNaN(value) && !/nan/i.test(word)) throw corrupt(name, "one of its samples is no number");
    out[found] = value;
    if (!float && out[found] !== value) throw corrupt(name, `one of its samples is no ${type}`);
    found++;
  }
  if (found < count) throw corrupt(name, "it holds fewer samples than its header says");
  return out;
}
