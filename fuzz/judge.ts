/**
 * @file One input, one verdict: a sound file, a typed refusal, or a finding. What is read is looked at too: a reader that
 * returns what contradicts itself has failed as one that throws has.
 */

import { HaleError, isRefusalOfBytes } from "@hale/core";
import { unpackDetector } from "@hale/detector";
import { dicomFilesIn, filesOfDicomDir, type ImageFile, readImageFile, type Scan, statisticsOf } from "@hale/imaging";
import type { Kind, Seed } from "./seeds/seed.ts";

export type Verdict =
  | { kind: "ok" }
  /** `caught`: the reader met an error of JavaScript on the way and turned it into this refusal. */
  | { kind: "refused"; code: string; caught: string | null }
  | { kind: "finding"; what: string; stack: string };

/** Reads an input as a file of this kind and judges the outcome. */
export async function judge(
  kind: Kind,
  bytes: Uint8Array,
  { file = "fuzz", companions = {} }: Pick<Seed, "file" | "companions"> = {},
): Promise<Verdict> {
  try {
    if (kind === "hale") await unpackDetector(bytes, `${file}.hale`);
    else if (kind === "zip") await readZip(bytes, file);
    else if (kind === "dicomdir") {
      const outside = filesOfDicomDir(bytes, file).find((path) => /^[/\\]|(^|[/\\])\.\.([/\\]|$)|^\w:/.test(path));
      if (outside !== undefined) return { kind: "finding", what: `leads out: ${outside}`, stack: "" };
    } else {
      const companion = async (name: string) => companions[name] ?? null;
      const fault = faultOf(await readImageFile(bytes, file, companion));
      if (fault) return { kind: "finding", what: `contradiction: ${fault}`, stack: "" };
    }
    return { kind: "ok" };
  } catch (error) {
    if (!(error instanceof HaleError)) {
      const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      return { kind: "finding", what: `${name}: ${message}`, stack };
    }
    if (!error.message.includes(file)) return { kind: "finding", what: `no file named: ${error.message}`, stack: "" };
    if (!isRefusalOfBytes(error))
      return { kind: "finding", what: `code ${error.code}: ${error.message}`, stack: error.stack ?? "" };
    return { kind: "refused", code: error.code, caught: caughtIn(error) };
  }
}

/** Every file in a zip, to its pixels; a refused one does not stop the others. */
async function readZip(bytes: Uint8Array, file: string): Promise<void> {
  for (const entry of dicomFilesIn(bytes, file)) {
    if (!("bytes" in entry)) continue;
    await readImageFile(entry.bytes, file).catch((error: unknown) => {
      if (!(error instanceof HaleError)) throw error;
    });
  }
}

/** Errors that JavaScript raises by itself: a reader should see them coming. */
function caughtIn({ cause }: HaleError): string | null {
  const raised = cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError;
  if (!raised) return null;
  const frame = /\n\s+at (.*)/.exec(cause.stack ?? "")?.[1] ?? "";
  return `${cause.name}: ${cause.message} ${frame.replace(/\(?(file:\/\/)?\/.*\//, "(")}`;
}

const VOLUMES = new Set(["nifti", "nrrd", "metaimage"]);

/** What is wrong with a file that was read; null where nothing is. */
function faultOf({ kind, shape, stored, scans, spacing, orientation }: ImageFile): string | null {
  if (shape.length === 0 || !shape.every((size) => Number.isInteger(size) && size > 0)) return `shape ${shape}`;
  if (scans.length === 0) return "no scans";
  // Components of volumes are an axis of theirs in some formats and not in others.
  const values = shape.reduce((product, size) => product * size, 1);
  if (VOLUMES.has(kind) ? stored.length % values !== 0 : stored.length !== values)
    return `${stored.length} values of ${shape}`;
  if (orientation !== null && !/^[LRPASI]{3}$/.test(orientation)) return `orientation ${orientation}`;
  if (spacing?.some((step) => step !== null && !isPositive(step))) return `spacing ${spacing}`;
  const { min, max, mean } = statisticsOf(stored);
  if (min !== null && !(min <= mean! && mean! <= max!)) return `mean ${mean} of ${min} to ${max}`;
  for (const scan of scans) {
    const fault = faultOfScan(scan);
    if (fault) return fault;
  }
  return null;
}

const isPositive = (value: number) => Number.isFinite(value) && value > 0;

function faultOfScan(scan: Scan): string | null {
  const { size, channels, stored, range, modality, voi, affine, spacing } = scan;
  const slices = size[2];
  if (!size.every((count) => Number.isInteger(count) && count > 0)) return `size ${size}`;
  if (stored.length !== size[0] * size[1] * slices * channels) return `${stored.length} samples of ${size}`;
  if (!range.every(Number.isFinite) || range[0] > range[1]) return `range ${range}`;
  const { min, max } = statisticsOf(stored);
  if (min !== null && (min < range[0] || max! > range[1])) return `values ${min} to ${max} outside ${range}`;
  if (modality.length !== 1 && modality.length !== slices) return `${modality.length} modality transforms`;
  for (const step of modality) {
    if (step.kind === "linear" && !(Number.isFinite(step.slope) && step.slope !== 0 && Number.isFinite(step.intercept)))
      return `slope ${step.slope}, intercept ${step.intercept}`;
    if (step.kind === "table" && !(step.table.length > 0 && Number.isFinite(step.first))) return "an empty table";
  }
  if (voi.length > 1 && voi.length !== slices) return `${voi.length} windows`;
  for (const step of voi) {
    if (step.kind === "window" && !(Number.isFinite(step.center) && isPositive(step.width)))
      return `window ${step.center}, ${step.width}`;
    if (step.kind === "table" && !(step.table.length > 0 && isPositive(step.maximum))) return "an empty window table";
  }
  if (affine && !(affine.length === 16 && affine.every(Number.isFinite))) return `affine ${affine}`;
  if (spacing.some((step) => step !== null && !isPositive(step))) return `spacing ${spacing}`;
  return null;
}
