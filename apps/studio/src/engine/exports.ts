/** @file Files that leave the worker: maps, and DICOM objects as a zip, made by the code behind `hale score`. */
import { HaleError } from "@hale/core";
import { type Detector, examineScan } from "@hale/detector";
import { type GuardedReader, modalityValue, writeNifti } from "@hale/imaging";
import { identityOf, type OutputFile, scoreTargets, type Target } from "@hale/scoring";
import { type ImageSource, openSource } from "@hale/scoring/web";
import { zipSync } from "fflate";

export interface ExportedFile {
  name: string;
  bytes: Uint8Array;
}

/** The map of one image: of scans NIfTI on their own grid, of pictures PNG on the detector's colour scale. */
export async function mapOf(
  detector: Detector,
  source: ImageSource,
  part: number,
  reader: GuardedReader,
): Promise<ExportedFile> {
  const files: OutputFile[] = [];
  const target: Target = {
    file: source.file,
    name: part > 0 ? `${source.name} (scan ${part + 1})` : source.name,
    open: async () => (await openSource(source, reader))[part],
  };
  const maps = async (file: OutputFile) => {
    files.push(file);
    return file.name;
  };
  for await (const _ of scoreTargets(detector, [target], { maps, strict: true }));
  return files[0];
}

/** A scan and its map as NIfTI, uncompressed, for a viewer. Throws IMAGE_UNSUPPORTED for what is no scan. */
export async function volumeOf(
  detector: Detector,
  source: ImageSource,
  part: number,
  reader: GuardedReader,
): Promise<{ scan: Uint8Array; map: Uint8Array }> {
  const opened = (await openSource(source, reader))[part];
  if (opened?.kind !== "scan" || opened.scan.channels !== 1) {
    throw new HaleError("IMAGE_UNSUPPORTED", `${source.file} is no grey scan.`, "Look at its slices.");
  }
  const { scan } = opened;
  const { map } = await examineScan(detector, scan, { map: true, name: source.file });
  const { size, affine, spacing } = scan;
  const slope = scan.modality.length === 1 ? scan.modality[0] : null;
  const data = Float32Array.from(scan.stored, (value: number, i: number) =>
    modalityValue(slope ?? scan.modality[Math.floor(i / (size[0] * size[1]))], value),
  );
  const grid = { size, affine, spacing };
  return {
    scan: writeNifti({ ...grid, data, description: "scan" }),
    map: writeNifti({ ...grid, data: map!, description: "hale anomaly map, research use only" }),
  };
}

/** Zipped objects of each DICOM source; the others are left out without a word. Null where there are none. */
export async function dicomObjects(
  detector: Detector,
  detectorFile: Uint8Array,
  sources: readonly ImageSource[],
  reader: GuardedReader,
): Promise<{ file: ExportedFile | null; notes: string[] }> {
  const library = await import("@hale/imaging/dicom-objects");
  const files: Record<string, Uint8Array> = {};
  const notes: string[] = [];
  const sink = async ({ name, bytes }: OutputFile) => {
    files[name] = bytes;
    return name;
  };
  const objects = {
    library,
    detector: await identityOf(detector, detectorFile),
    segmentAbove: "p99" as const,
    deidentify: null,
    sink,
  };
  for (const source of sources.filter(({ series }) => series)) {
    try {
      const opened = await openSource(source, reader, library.sourceInstance);
      const targets = opened.map((one, part): Target => {
        const suffix = part > 0 ? ` (scan ${part + 1})` : "";
        return { file: source.file + suffix, name: source.name + suffix, open: async () => one };
      });
      for await (const row of scoreTargets(detector, targets, { objects, onNote: (note) => notes.push(note) })) {
        if (row.error) notes.push(row.error.message);
      }
    } catch (error) {
      if (!(error instanceof HaleError)) throw error;
      notes.push(error.message);
    }
  }
  if (Object.keys(files).length === 0) return { file: null, notes };
  // They are compressed already, or nearly noise.
  return { file: { name: "hale-dicom-objects.zip", bytes: zipSync(files, { level: 1 }) }, notes };
}
