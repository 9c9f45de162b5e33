/** @file NIfTI: single files, gzip of them, and either half of a pair. No other format is compressed as a whole: gzip is NIfTI's. */
import { holds } from "../../raster/bytes.ts";
import { scanFile } from "../image-file.ts";
import { bareName, type Companion, type Reader, whenNeeded } from "../reader.ts";
import { beginsLikeNifti } from "./magic.ts";

const GZIP = [0x1f, 0x8b];
const load = whenNeeded(() => import("./read.ts"));

const recognises = (head: Uint8Array) => holds(head, GZIP) || beginsLikeNifti(head);

async function readPair(header: Uint8Array, name: string, samples?: Uint8Array) {
  const { readNifti } = await load();
  return scanFile("nifti", await readNifti(header, name, samples));
}

/** Names that the samples of a header called `name` may have. */
function samplesNames(name: string): string[] {
  const stem = /^(.*)\.hdr(?:\.gz)?$/i.exec(bareName(name))?.[1];
  return stem === undefined ? [] : [`${stem}.img`, `${stem}.img.gz`];
}

/** The header that goes with the samples of a pair; null where the file is not named like one, or has none beside it. */
async function headerOf(name: string, companion: Companion): Promise<Uint8Array | null> {
  const stem = /^(.*)\.img(?:\.gz)?$/i.exec(bareName(name))?.[1];
  if (stem === undefined) return null;
  const header = (await companion(`${stem}.hdr`)) ?? (await companion(`${stem}.hdr.gz`));
  return header && recognises(header) ? header : null;
}

async function readSamples(bytes: Uint8Array, name: string, companion: Companion) {
  const header = await headerOf(name, companion);
  return header && readPair(header, name, bytes);
}

export const nifti: Reader = {
  kind: "nifti",
  title: "NIfTI",
  extensions: ["nii", "nii.gz", "hdr", "hdr.gz"],
  headBytes: 348,
  recognises,
  companions: (_, name) => samplesNames(name),
  async read(bytes, name, companion) {
    // Compressed samples look like a file of their own.
    const ofPair = await readSamples(bytes, name, companion);
    if (ofPair) return ofPair;
    for (const other of samplesNames(name)) {
      const samples = await companion(other);
      if (samples) return readPair(bytes, name, samples);
    }
    return readPair(bytes, name);
  },
  readSamples,
};
