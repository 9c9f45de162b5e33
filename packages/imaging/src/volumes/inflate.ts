/**
 * @file Inflates gzip (RFC 1952) and zlib (RFC 1950) data within a budget. What a file says about its own inflated size
 * is never used: bytes are counted as they come, and the one array that is made has the size that an image header asks
 * for, checked against the budget and against what deflate can reach at all. fflate inflates; it does not look at
 * checksums, so that is done here.
 */
import { HaleError } from "@hale/core";
import CRC32 from "crc-32";
import { Gunzip, Unzlib } from "fflate";
import {
  corrupt,
  MAX_INFLATE_RATIO,
  MAX_INFLATED_BYTES,
  MAX_INPUT_BYTES,
  tooLarge,
  unsupported,
} from "../raster/limits.ts";

/** Budgets for one compressed stream. */
export interface InflateLimits {
  /** Most inflated bytes, whatever the ratio. */
  bytes: number;
  /** Most inflated bytes for each compressed byte. */
  ratio: number;
  /**
   * So many inflated bytes are allowed at any ratio: a file that is not compressed may have as many, and masks of large
   * scans often compress beyond 500:1.
   */
  freeBytes: number;
  /** Most gzip members in a row: bgzip puts 65 280 bytes into each, which makes 32 896 of 2 GB. Each takes time. */
  members: number;
}

export const INFLATE_LIMITS: InflateLimits = {
  bytes: MAX_INFLATED_BYTES,
  ratio: MAX_INFLATE_RATIO,
  freeBytes: MAX_INPUT_BYTES,
  members: 40_000,
};

export type Compression = "gzip" | "zlib";

/** Deflate codes at most 258 bytes in two bits; with block headers it stays below this. */
const DEFLATE_MOST = 1032;
/** More zeros than a gzip member can end with: eight of checksum and length, and a code of at most 15 bits. */
const MEMBER_ZEROS = 16;
const STEP = 16384;
/** No lawful stream goes on for so long without a byte of output: a stored block has 65 535 bytes. */
const STALL = 131072;

export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The first `count` inflated bytes, or fewer where there are no more; no checksum is looked at. For headers: at most a
 * few megabytes are inflated for it.
 */
export function inflateHead(kind: Compression, bytes: Uint8Array, count: number, name: string): Uint8Array {
  const out = new Uint8Array(count);
  let size = 0;
  const inflator = inflatorOf(kind, (chunk) => {
    const part = chunk.subarray(0, count - size);
    out.set(part, size);
    size += part.length;
  });
  const full = fullLength(kind, bytes);
  refuseFlate(name, () => {
    for (let at = 0, step = 512; at < Math.min(full, STALL) && size < count; at += step) {
      inflator.push(bytes.subarray(at, Math.min(at + step, full)), at + step >= bytes.length && full === bytes.length);
    }
  });
  try {
    // The last zeros may belong to the member or be padding, which cannot be inflated; here it does not matter which.
    for (let at = full; at < Math.min(bytes.length, full + MEMBER_ZEROS, STALL) && size < count; at++) {
      inflator.push(bytes.subarray(at, at + 1));
    }
  } catch {}
  return out.subarray(0, size);
}

/**
 * Inflates all of `bytes` and returns the first `expected` of what comes out; more is counted and dropped. Throws
 * IMAGE_TOO_LARGE beyond the budget, before anything is allocated where `expected` alone is beyond it; IMAGE_CORRUPT when
 * there is less, or a checksum or length does not agree; IMAGE_UNSUPPORTED for gzip inside gzip.
 */
export function inflateExactly(
  kind: Compression,
  bytes: Uint8Array,
  expected: number,
  name: string,
  limits: InflateLimits = INFLATE_LIMITS,
): Uint8Array {
  const full = fullLength(kind, bytes);
  const last = Math.min(bytes.length, full + MEMBER_ZEROS);
  // Padding earns no budget.
  const most = Math.min(limits.bytes, Math.max(limits.freeBytes, last * limits.ratio));
  if (expected > most) throw beyond(name, bytes.length, most);
  if (expected > last * DEFLATE_MOST) throw short(name);
  const out = new Uint8Array(expected);
  let size = 0;
  let stalled = 0;
  let members = 1;
  const sum = kind === "gzip" ? gzipSum(bytes, name) : zlibSum(bytes, name);
  const inflator = inflatorOf(
    kind,
    (chunk) => {
      if (chunk.length === 0) return;
      if (size + chunk.length > most) throw beyond(name, bytes.length, most);
      if (size === 0 && isGzip(chunk)) throw nested(name);
      if (size < expected) out.set(chunk.subarray(0, expected - size), size);
      size += chunk.length;
      stalled = 0;
      sum.add(chunk);
    },
    (offset) => {
      stalled = 0;
      if (++members > limits.members) throw tooLarge(name, `it is made of more than ${limits.members} gzip members`);
      sum.member(offset);
    },
  );
  refuseFlate(name, () => {
    for (let at = 0; at < full; at += STEP) {
      stalled += STEP;
      if (stalled > STALL) throw corrupt(name, "its compressed data lead nowhere");
      inflator.push(bytes.subarray(at, Math.min(at + STEP, full)), at + STEP >= bytes.length && full === bytes.length);
    }
    if (full === bytes.length) return;
    // Zero by zero to the end of the member: there its checksum agrees. What follows is padding.
    let end = full;
    for (; end < last && !sum.agrees(end); end++) inflator.push(bytes.subarray(end, end + 1));
    sum.end(end);
    inflator.push(new Uint8Array(0), true);
  });
  if (full === bytes.length) sum.end(full);
  if (size < expected) throw short(name);
  return out;
}

/**
 * The length without the zeros at the end of a gzip file. Some are the member's own, if it has any; more are padding to
 * a whole block, as tapes and disks leave it, and gzip skips it.
 */
function fullLength(kind: Compression, bytes: Uint8Array): number {
  let length = bytes.length;
  if (kind === "gzip") while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}

function inflatorOf(kind: Compression, onData: (chunk: Uint8Array) => void, onMember?: (offset: number) => void) {
  if (kind === "zlib") return new Unzlib(onData);
  const inflator = new Gunzip(onData);
  if (onMember) inflator.onmember = onMember;
  return inflator;
}

/** Checksum and length modulo 2^32 at the end of each gzip member (RFC 1952, 2.3.1). */
function gzipSum(bytes: Uint8Array, name: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let crc = 0;
  let length = 0;
  const agrees = (end: number) =>
    end >= 18 && view.getInt32(end - 8, true) === crc && view.getUint32(end - 4, true) === length >>> 0;
  const check = (end: number) => {
    if (!agrees(end)) throw corrupt(name, "its compressed data do not agree with their checksum");
    crc = 0;
    length = 0;
  };
  return {
    add: (chunk: Uint8Array) => {
      crc = CRC32.buf(chunk, crc);
      length = (length + chunk.length) % 2 ** 32;
    },
    agrees,
    member: check,
    end: check,
  };
}

/** Adler-32 at the end of a zlib stream (RFC 1950, 2.2). */
function zlibSum(bytes: Uint8Array, name: string) {
  let a = 1;
  let b = 0;
  return {
    add: (chunk: Uint8Array) => {
      for (let at = 0; at < chunk.length; ) {
        // 3850 bytes cannot carry b past 2^32 before the remainder is taken.
        const end = Math.min(at + 3850, chunk.length);
        for (; at < end; at++) {
          a += chunk[at];
          b += a;
        }
        a %= 65521;
        b %= 65521;
      }
    },
    agrees: () => false,
    member: () => {},
    end: (end: number) => {
      const at = end - 4;
      const stated = at < 2 ? -1 : new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
      if (stated !== b * 65536 + a) throw corrupt(name, "its compressed data do not agree with their checksum");
    },
  };
}

/** What fflate throws becomes IMAGE_CORRUPT; its own words name no file and mean little. */
function refuseFlate(name: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (error instanceof HaleError) throw error;
    throw corrupt(name, "its compressed data cannot be inflated", error);
  }
}

const short = (name: string) => corrupt(name, "its compressed data end before the image does");
const beyond = (name: string, from: number, most: number) =>
  tooLarge(name, `its ${from} compressed bytes inflate to more than ${most}`);

/** The refusal of gzip inside gzip. */
export const nested = (name: string) =>
  unsupported(name, "it is compressed twice", "Decompress it once and try again.");
