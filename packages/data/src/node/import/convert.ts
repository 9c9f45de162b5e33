/**
 * @file One planned scan from its sources to the files of the data set. What a header says beyond scale and geometry ends
 * here.
 */
import { basename } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { assembleSeries, axisCodes, type DicomObject, encodePng, reorient, type Scan, writeNifti } from "@hale/imaging";
import { sharedReader } from "@hale/imaging/node";
import { colourFrames, greyVolume } from "../../import/encode.ts";
import type { Reason, ScanRecord } from "../../import/records.ts";
import { unitTerm } from "../../import/terms.ts";
import { lesionOf } from "../../mask.ts";
import { samePlace } from "../../same-place.ts";
import type { Unit } from "./plan.ts";
import { reasonOf } from "./sources.ts";
import { IMAGES, MASKS } from "./state.ts";
import { type Surveyed, standsAlone } from "./survey.ts";

/** A file to be written. */
export interface Output {
  /** Relative to the data set. */
  path: string;
  bytes(): Promise<Uint8Array>;
  record: ScanRecord;
  mask: { path: string; bytes(): Promise<Uint8Array> } | null;
}

export interface Converted {
  outputs: Output[];
  /** Why the scan, its mask, or part of it is left out. */
  leftOut: { what: "scan" | "mask"; reason: Reason }[];
  /** Sentences about what was written: why a series makes several scans, or lies nowhere in the patient. */
  notes: string[];
}

/** Decodes a unit. Throws nothing for whatever its files hold: what cannot be read is left out with its reason. */
export async function convertUnit(unit: Unit, minSlices: number): Promise<Converted> {
  const leftOut: Converted["leftOut"] = [];
  const notes: string[] = [];
  try {
    const scans = (await readScans(unit, leftOut, notes)).filter((scan) => {
      const enough = standsAlone(unit.files[0]) && unit.kind !== "volume" ? true : scan.size[2] >= minSlices;
      if (!enough) leftOut.push({ what: "scan", reason: "few-slices" });
      return enough;
    });
    const drawn = scans.flatMap((scan) => drawnFiles(scan, unit));
    const outputs = drawn.map(({ extension, bytes, record }, i): Output => {
      const name = drawn.length === 1 ? unit.token : `${unit.token}-${String(i + 1).padStart(4, "0")}`;
      const path = `${IMAGES}/${name}.${extension}`;
      return { path, bytes, record: { ...record, path }, mask: null };
    });
    if (unit.mask) {
      const mask = outputs.length === 1 ? await maskFile(unit.mask, scans[0], drawn[0].extension) : null;
      if (mask) outputs[0].mask = { path: `${MASKS}/${unit.token}.${drawn[0].extension}`, bytes: mask };
      else leftOut.push({ what: "mask", reason: "mask-of-another-shape" });
    }
    return { outputs, leftOut, notes };
  } catch (error) {
    return { outputs: [], leftOut: [...leftOut, { what: "scan", reason: reasonOf(error) }], notes: [] };
  }
}

async function readScans(unit: Unit, leftOut: Converted["leftOut"], notes: string[]): Promise<readonly Scan[]> {
  if (unit.kind !== "dicom") return readImage(unit.files[0]);
  const objects: DicomObject[] = [];
  const byId = [...unit.files].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const [i, found] of byId.entries()) {
    // Slices without a place are sorted by these names: they must not depend on those of the files.
    const name = `${unit.token}-${String(i).padStart(6, "0")}`;
    objects.push(await readAny([found, ...(unit.copies.get(found) ?? [])], name));
  }
  const { series, leftOut: stacks } = assembleSeries(objects);
  const lost = stacks.find(({ cause }) => cause);
  if (lost) leftOut.push({ what: "scan", reason: lost.cause === "mixed" ? "mixed-places" : "too-large" });
  const mixed = new Set(stacks.filter(({ cause }) => cause === "mixed").map(({ reason }) => reason));
  notes.push(...[...mixed].map((reason) => `Left out: ${reason}.`));
  notes.push(...new Set(series.flatMap((one) => one.notes)));
  return series.map(({ scan }) => scan);
}

/** The first of several files with one object that can be read: one may have been cut off on its way. */
async function readAny(copies: readonly Surveyed[], name: string): Promise<DicomObject> {
  let fault: unknown;
  for (const { file } of copies) {
    try {
      return await sharedReader().dicom({ bytes: await file.read() }, name);
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}

async function readImage({ file, parts }: Surveyed): Promise<readonly Scan[]> {
  const companions: Record<string, Uint8Array> = {};
  for (const part of parts) {
    const bytes = await file.sibling(part);
    if (bytes !== null) companions[part] = bytes;
  }
  const { scans } = await sharedReader().read({ bytes: await file.read(), companions }, basename(file.place));
  return scans;
}

interface Drawn {
  extension: "nii.gz" | "png";
  bytes(): Promise<Uint8Array>;
  record: Omit<ScanRecord, "path">;
}

/** Grey scans as one volume each; colours and plain 8- or 16-bit pictures as PNG. */
function drawnFiles(scan: Scan, unit: Unit): Drawn[] {
  const record = recordOf(scan, unit);
  if (scan.channels === 3) {
    return colourFrames(scan).map((raster) => ({
      extension: "png",
      bytes: async () => encodePng(raster),
      record: { ...record, slices: "1", low: "0", high: String(raster.maxValue) },
    }));
  }
  const isPlain = scan.stored instanceof Uint8Array || scan.stored instanceof Uint16Array;
  if (unit.kind === "picture" && isPlain) {
    const [width, height] = scan.size;
    const maxValue = scan.stored instanceof Uint8Array ? 255 : 65535;
    const raster = { width, height, channels: 1, maxValue, data: scan.stored as Uint8Array | Uint16Array } as const;
    return [{ extension: "png", bytes: async () => encodePng(raster), record }];
  }
  const volume = greyVolume(scan);
  const { range, slope, intercept, inverted } = volume;
  const scale = { low: number(range[0]), high: number(range[1]), slope: number(slope), intercept: number(intercept) };
  return [
    {
      extension: "nii.gz",
      bytes: () => zipped(writeNifti(volume)),
      record: { ...record, ...scale, inverted: inverted ? "1" : "0" },
    },
  ];
}

const number = (value: number | null) => (value === null || !Number.isFinite(value) ? "" : String(value));

function recordOf(scan: Scan, unit: Unit): Omit<ScanRecord, "path"> {
  const { size, spacing, affine, range, unit: means, voi, format } = scan;
  const [window] = voi;
  const { center, width } = window?.kind === "window" ? window : { center: null, width: null };
  return {
    patient: unit.patient ?? "",
    study: unit.study,
    series: unit.series,
    format,
    modality: unit.terms.modality,
    body_part: unit.terms.bodyPart,
    laterality: unit.terms.laterality,
    view: unit.terms.view,
    columns: String(size[0]),
    rows: String(size[1]),
    slices: String(size[2]),
    spacing_x: number(spacing[0]),
    spacing_y: number(spacing[1]),
    spacing_z: number(spacing[2]),
    orientation: affine ? axisCodes(affine) : "",
    unit: unitTerm(means),
    low: number(range[0]),
    high: number(range[1]),
    slope: "1",
    intercept: "0",
    window_center: number(center),
    window_width: number(width),
    inverted: "0",
  };
}

/** A mask laid like its scan, 0 and 1 (PNG: 0 and 255); null where it has another shape or place. */
async function maskFile(found: Surveyed, scan: Scan, extension: "nii.gz" | "png") {
  if (found.kind === "dicom") return null;
  const scans = await readImage(found).catch(() => []);
  if (scans.length !== 1) return null;
  let [mask] = scans;
  if (mask.affine && scan.affine) mask = reorient(mask, axisCodes(scan.affine));
  const { size, affine } = mask;
  if (size.some((n, axis) => n !== scan.size[axis])) return null;
  if (affine && scan.affine && !samePlace(affine, scan.affine, size)) return null;
  const isLesion = lesionOf(mask);
  const marked = Uint8Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => Number(isLesion(i)));
  if (extension === "png") {
    const data = marked.map((value) => 255 * value);
    return async () => encodePng({ width: size[0], height: size[1], channels: 1, maxValue: 255, data });
  }
  const { affine: place, spacing } = scan;
  return () => zipped(writeNifti({ size, data: marked, affine: place, spacing }));
}

const deflate = promisify(gzip);

/** Gzip without name and time, in a thread of its own: the same bytes for the same volume. */
async function zipped(bytes: Uint8Array): Promise<Uint8Array> {
  const out = await deflate(bytes, { level: 6 });
  // The header's last byte is the operating system (RFC 1952, 2.3.1); 255 is "unknown".
  out[9] = 255;
  return out;
}
