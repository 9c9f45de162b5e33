/**
 * Files of the three formats with bytes changed, cut, doubled and put in at random (seeded): they are read or refused,
 * and nothing else is thrown. Longer runs are the fuzzer's.
 */
import { HaleError } from "@hale/core";
import { gzipSync, zlibSync } from "fflate";
import { expect, test } from "vitest";
import { reorient } from "../volumes/orientation.ts";
import type { Scan } from "../volumes/scan.ts";
import { readMetaImage } from "./metaimage/read.ts";
import { niftiBytes } from "./nifti/nifti-fixture.ts";
import { readNifti } from "./nifti/read.ts";
import { readNrrd } from "./nrrd/read.ts";

const text = (header: string, data: Uint8Array) => Uint8Array.of(...new TextEncoder().encode(header), ...data);
const data = Uint8Array.from({ length: 24 }, (_, i) => i * 9);
const NRRD = [
  "NRRD0004\ntype: short\ndimension: 3\nsizes: 3 2 2\nspace: left-posterior-superior\nkinds: domain domain domain",
  "space directions: (1,0,0) (0,2,0) (0,0,3)\nendian: little\nspace origin: (1,2,3)\n",
].join("\n");
const META = [
  "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT\nElementSpacing = 1 2 3",
  "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\n",
].join("\n");

const nifti = (bytes: Uint8Array) => readNifti(bytes, "a.file");
const nrrd = (bytes: Uint8Array) => readNrrd(bytes, "a.file", () => data);
const meta = (bytes: Uint8Array) => readMetaImage(bytes, "a.file", () => data);
const seeds: [string, (bytes: Uint8Array) => Promise<{ scans: Scan[] }>, Uint8Array][] = [
  ["NIfTI-1", nifti, niftiBytes({ datatype: 4, qformCode: 1, data })],
  ["NIfTI-1 by qform", nifti, niftiBytes({ sformCode: 0, qformCode: 1, quaternion: [0.6, 0, 0.8, 1, 2, 3] })],
  ["NIfTI-2, big-endian", nifti, niftiBytes({ version: 2, littleEndian: false, datatype: 4, data })],
  ["NIfTI, gzip", nifti, gzipSync(niftiBytes({ datatype: 4, data }))],
  ["NRRD, raw", nrrd, text(`${NRRD}encoding: raw\n\n`, data)],
  ["NRRD, gzip", nrrd, text(`${NRRD}encoding: gzip\n\n`, gzipSync(data))],
  ["NRRD, text", nrrd, text(`${NRRD}encoding: ascii\n\n1 2 3 4 5 6 7 8 9 10 11 12\n`, new Uint8Array(0))],
  ["NRRD, detached", nrrd, text(`${NRRD}encoding: raw\ndata file: a.raw\n`, new Uint8Array(0))],
  ["MetaImage, raw", meta, text(`${META}ElementDataFile = LOCAL\n`, data)],
  ["MetaImage, zlib", meta, text(`${META}CompressedData = True\nElementDataFile = LOCAL\n`, zlibSync(data))],
  ["MetaImage, detached", meta, text(`${META}ElementDataFile = a.raw\n`, new Uint8Array(0))],
];

/** xorshift32: the same numbers in every run. */
function randoms(seed: number) {
  let state = seed;
  return (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const TELLING = [0, 1, 0x7f, 0x80, 0xff, 0x20, 0x2d, 0x2e, 0x30, 0x39, 0x0a, 0x3d, 0x3a, 0x65];

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let out = bytes.slice();
  for (let round = 0; round <= random(4); round++) {
    const at = random(Math.max(1, out.length));
    const kind = random(8);
    if (kind === 0) out = out.slice(0, at);
    else if (kind === 1)
      out = Uint8Array.of(...out.subarray(0, at), TELLING[random(TELLING.length)], ...out.subarray(at));
    else if (kind === 2) out = Uint8Array.of(...out.subarray(0, at), ...out.subarray(Math.max(0, at - random(40))));
    else if (kind < 6) out[at] = TELLING[random(TELLING.length)];
    else out[at] ^= 1 << random(8);
  }
  return out;
}

test.each(seeds)("%s: 400 mutations", async (_, read, seed) => {
  expect((await read(seed)).scans).toHaveLength(1);
  const random = randoms(20261122);
  for (let i = 0; i < 400; i++) {
    const bytes = mutate(seed, random);
    const start = performance.now();
    try {
      for (const scan of (await read(bytes)).scans.slice(0, 3)) {
        expect(scan.stored).toHaveLength(scan.size[0] * scan.size[1] * scan.size[2] * scan.channels);
        expect(scan.range.every(Number.isFinite)).toBe(true);
        if (scan.affine) expect(reorient(scan).affine!.every(Number.isFinite)).toBe(true);
      }
    } catch (error) {
      expect(error, `${i}`).toBeInstanceOf(HaleError);
    }
    expect(performance.now() - start).toBeLessThan(2000);
  }
});
