/**
 * @file A scan on its way through `hale score`: what it becomes, its row, and what is written beside it.
 */
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import type { AskedInput } from "@hale/data/node";
import {
  type Aggregation,
  aggregationName,
  type Card,
  curveSvg,
  type Detector,
  examineScan,
  mapPng,
  overlayPng,
  PART_PREFIX,
  picturePng,
  type VolumeFinding,
} from "@hale/detector";
import { type Scan, type ScanInput, writeNifti } from "@hale/imaging";
import type { DetectorIdentity } from "@hale/imaging/dicom-objects";
import { type DicomOut, writeObjects } from "./dicom-out.ts";
import type { Opened } from "./targets.ts";

export interface ScanScoring {
  /** Instead of what the card says; undefined for the card's own. */
  input?: ScanInput;
  aggregation?: Aggregation;
  maps?: string;
  dicom?: { out: DicomOut; identity: DetectorIdentity } | null;
}

/**
 * What a scan is made into where options ask for something else than the card has; undefined where they do not. A
 * detector of plain pictures takes scans only where it is told how their values become black and white: it has seen
 * whole pictures, squeezed into squares.
 */
export function inputAsked({ card }: Detector, asked: AskedInput): ScanInput | undefined {
  const { unmarked: _, ...rest } = asked;
  if (Object.keys(rest).length === 0) return undefined;
  if (card.input) {
    const { volume: __, ...own } = card.input;
    return { ...own, ...rest };
  }
  if (!rest.normalisation) {
    throw new HaleError(
      "OPTION_INVALID",
      "The detector was trained on plain pictures, so the options for scans need --normalise.",
      "For example --normalise file for radiographs.",
    );
  }
  return {
    slices: { axis: "axial", unit: "share", from: 0, to: 1 },
    leastForeground: 0,
    crop: null,
    square: false,
    ...rest,
    normalisation: rest.normalisation,
  };
}

/** Throws DETECTOR_MISMATCH for a plain picture before a detector of scans, unless its scans keep their full scale. */
export function refusePicture({ card }: Detector, file: string): void {
  if (!card.input || card.input.normalisation.kind === "full-scale") return;
  throw new HaleError(
    "DETECTOR_MISMATCH",
    `${file} is a plain picture, and the detector was trained on scans, whose values mean something else.`,
    "Score the scan that the picture was made from.",
  );
}

/**
 * Examines a scan, writes its map and pictures where `maps` names a folder (`name` begins their names), and its DICOM
 * objects where `dicom` says where to.
 */
export async function scoreScan(
  detector: Detector,
  { scan, frames }: Opened,
  file: string,
  name: string,
  { input, aggregation, maps, dicom }: ScanScoring,
): Promise<Record<string, unknown>> {
  const volume = scan.size[2] > 1;
  const wantsMap = maps !== undefined || Boolean(dicom);
  const finding = await examineScan(detector, scan, { input, aggregation, map: wantsMap, name: file });
  const written = maps === undefined ? null : await writeMaps(detector.card, scan, finding, join(maps, name), input);
  const used = (input ?? detector.card.input)!;
  const objects =
    dicom && (await writeObjects(dicom.out, detector, dicom.identity, { scan, finding, input: used, file }, frames));
  const { score, pValue, decision, threshold, slices } = finding;
  const parts = volume ? {} : slices[0].parts;
  return {
    ...{ file, score, p_value: pValue, decision, threshold, error: null },
    ...Object.fromEntries(detector.card.parts.map((part) => [PART_PREFIX + part, parts[part] ?? null])),
    ...(threshold === null && { threshold_reason: finding.thresholdReason }),
    ...(volume && {
      aggregation: aggregationName(finding.aggregation),
      axis: finding.axis,
      highest_slice: finding.highest.slice,
      slices: slices.map((one) => ({ slice: one.slice, score: one.score })),
    }),
    ...(finding.notNumbers > 0 && { not_numbers: finding.notNumbers }),
    ...(written && { map: written }),
    ...objects,
  };
}

/** Map as NIfTI on the scan's own grid, the curve of a volume, and pictures of its highest slice. Returns the map's path. */
async function writeMaps(
  card: Card,
  scan: Scan,
  finding: VolumeFinding,
  base: string,
  otherInput?: ScanInput,
): Promise<string> {
  const map = `${base}-map.nii.gz`;
  const { size, affine, spacing } = scan;
  const volume = { size, affine, spacing, data: finding.map!, description: "hale anomaly map, research use only" };
  await writeAtomic(map, writeNifti(volume, { gzip: true }));
  const { slice, finding: highest } = finding.highest;
  const at = size[2] > 1 ? `${base}-slice-${slice}` : base;
  if (size[2] > 1)
    await writeAtomic(`${base}-curve.svg`, curveSvg(finding, otherInput ? null : (card.threshold?.value ?? null)));
  await writeAtomic(`${at}-map.png`, mapPng(highest.anomalyMap, card));
  await writeAtomic(`${at}-overlay.png`, overlayPng(highest.prepared, highest.anomalyMap, card));
  if (highest.healthy) await writeAtomic(`${at}-healthy.png`, picturePng(highest.healthy));
  return map;
}
