/**
 * @file From bytes to a data set: preamble, file meta information (PS3.10, 7.1), transfer syntax, inflating. The 128
 * bytes of the preamble mean nothing here, whatever other format they imitate. Data sets without preamble or meta
 * header are read where their first element tells how they are coded.
 */
import { Inflate } from "fflate";
import { DataSet } from "./dataset.ts";
import { DICOM_LIMITS, type DicomLimits, damaged, tooBig, unreadable } from "./refuse.ts";
import { EXPLICIT, findStart, sniff } from "./start.ts";
import { type TransferSyntax, transferSyntax } from "./syntaxes.ts";
import { type Coding, type Elements, walk } from "./walk.ts";

export interface DicomFile {
  meta: DataSet;
  data: DataSet;
  syntax: TransferSyntax;
}

/** The SOP class that a file's meta header names; null where there is none, or the header is damaged. */
export function mediaClassOf(bytes: Uint8Array): string | null {
  const start = findStart(bytes);
  if (start === null) return null;
  try {
    return readMeta(bytes, start, "", DICOM_LIMITS).meta.string(0x00020002);
  } catch {
    return null;
  }
}

/** Reads the structure of a file. Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE. */
export function readFile(bytes: Uint8Array, name: string, limits: DicomLimits): DicomFile {
  if (bytes.length === 0) throw damaged(name, "it is empty");
  if (bytes.length > limits.inputBytes) throw tooBig(name, `it has more than ${limits.inputBytes} bytes`);
  const start = findStart(bytes);
  if (start === null) throw unreadable(name, "it is not DICOM");
  const { meta, end } = readMeta(bytes, start, name, limits);
  if (end >= bytes.length) throw damaged(name, "it ends before its data set");
  const uid = meta.string(0x00020010);
  let syntax: TransferSyntax | null;
  if (uid === null) {
    const coding = sniff(bytes, end);
    if (!coding) throw unreadable(name, "it does not say its transfer syntax");
    syntax = syntaxOf(coding);
  } else {
    syntax = transferSyntax(uid);
    // The UID is cut to what a UID may hold, so that nothing else gets into the message.
    if (!syntax) throw unreadable(name, `its transfer syntax ${uid.replace(/[^0-9.]/g, "?").slice(0, 64)} is unknown`);
  }
  if (syntax.deflated) {
    const inflated = inflate(bytes.subarray(end), name, limits);
    return { meta, data: new DataSet(inflated, walk(inflated, 0, EXPLICIT, name, limits)), syntax };
  }
  // Some writers name an explicit syntax and write implicit elements, or the other way round: the first tells.
  const declared: Coding = { explicit: syntax.explicit, littleEndian: syntax.littleEndian };
  const seen = sniff(bytes, end);
  const coding = seen && seen.littleEndian === declared.littleEndian ? seen : declared;
  return { meta, data: new DataSet(bytes, walk(bytes, end, coding, name, limits)), syntax };
}

function syntaxOf(coding: Coding): TransferSyntax {
  const uid = coding.explicit
    ? coding.littleEndian
      ? "1.2.840.10008.1.2.1"
      : "1.2.840.10008.1.2.2"
    : "1.2.840.10008.1.2";
  return transferSyntax(uid) as TransferSyntax;
}

/** The elements of group 2, whatever their group length claims; empty where there are none. */
function readMeta(bytes: Uint8Array, start: number, name: string, limits: DicomLimits): { meta: DataSet; end: number } {
  let end = start;
  const group2 = (at: number) => at + 8 <= bytes.length && bytes[at] === 2 && bytes[at + 1] === 0;
  const elements: Elements = new Map();
  for (let count = 0; group2(end); count++) {
    if (count > 1000) throw damaged(name, "its header is too long");
    const long = /^(O[BDFLVW]|S[QV]|U[CNRTV])$/.test(String.fromCharCode(bytes[end + 4], bytes[end + 5]));
    if (end + (long ? 12 : 8) > bytes.length) throw damaged(name, "it breaks off in its header");
    const view = new DataView(bytes.buffer, bytes.byteOffset + end);
    const header = long ? 12 : 8;
    const length = long ? view.getUint32(8, true) : view.getUint16(6, true);
    if (length > bytes.length - end - header) throw damaged(name, "it breaks off in its header");
    for (const [tag, element] of walk(bytes.subarray(0, end + header + length), end, EXPLICIT, name, limits)) {
      elements.set(tag, element);
    }
    end += header + length;
  }
  return { meta: new DataSet(bytes, elements), end };
}

/** Inflates a raw stream (PS3.5, A.5) piece by piece; sizes are counted, never believed. */
function inflate(deflated: Uint8Array, name: string, limits: DicomLimits): Uint8Array {
  const budget = Math.min(limits.inflatedBytes, deflated.length * limits.inflateRatio);
  const pieces: Uint8Array[] = [];
  let total = 0;
  let finished = false;
  const stream = new Inflate((piece, final) => {
    total += piece.length;
    if (total > budget) throw tooBig(name, `it unfolds to more than ${budget} bytes`);
    pieces.push(piece);
    finished ||= final;
  });
  const PIECE = 65536;
  for (let at = 0; at < deflated.length && !finished; at += PIECE) {
    stream.push(deflated.subarray(at, at + PIECE), at + PIECE >= deflated.length);
  }
  if (!finished) throw damaged(name, "its deflated data break off");
  const inflated = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    inflated.set(piece, at);
    at += piece.length;
  }
  return inflated;
}
