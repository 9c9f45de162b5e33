/**
 * @file The files that are made about an image, as bytes, and what each is called. Where they go is the caller's to say,
 * by a `Sink`: a folder in Node, a download in a page.
 */
import { type Card, curveSvg, type Finding, mapPng, overlayPng, picturePng, type VolumeFinding } from "@hale/detector";
import { type Scan, writeNifti } from "@hale/imaging";

export interface OutputFile {
  name: string;
  bytes: Uint8Array;
}

/** Keeps a file, and returns what a row calls it: a path, an address. */
export type Sink = (file: OutputFile) => Promise<string>;

/** How the names end, behind the name of the image. */
export const ENDINGS = {
  map: "-map.png",
  overlay: "-overlay.png",
  healthy: "-healthy.png",
  volumeMap: "-map.nii.gz",
  curve: "-curve.svg",
} as const;

/** How the names of DICOM objects end, behind their own UIDs. */
export const OBJECT_ENDINGS = {
  parametricMap: "-map.dcm",
  segmentation: "-seg.dcm",
  secondaryCapture: "-overlay.dcm",
  report: "-report.dcm",
} as const;
export type ObjectKind = keyof typeof OBJECT_ENDINGS;

/** The picture of one slice of a volume stands under a name of its own. */
const sliceName = (base: string, slice: number) => `${base}-slice-${slice}`;

/** Map, overlay and, where the method restores images, healthy counterpart of one picture, as PNG; `base` begins their names. */
export function* pictureFiles(card: Card, finding: Finding, base: string): Generator<OutputFile> {
  const { anomalyMap, prepared, healthy } = finding;
  yield { name: base + ENDINGS.map, bytes: mapPng(anomalyMap, card) };
  yield { name: base + ENDINGS.overlay, bytes: overlayPng(prepared, anomalyMap, card) };
  if (healthy) yield { name: base + ENDINGS.healthy, bytes: picturePng(healthy) };
}

/**
 * Of a scan: first its map as NIfTI on the scan's own grid, then the curve of a volume's slices, and the pictures of its
 * highest slice. `ownInput`: whether the scan was made into pictures as the card says, so that thresholds apply. The
 * finding must have its map.
 */
export function* scanFiles(
  card: Card,
  { size, affine, spacing }: Scan,
  finding: VolumeFinding,
  base: string,
  ownInput: boolean,
): Generator<OutputFile> {
  const description = "hale anomaly map, research use only";
  const map = writeNifti({ size, affine, spacing, data: finding.map!, description }, { gzip: true });
  yield { name: base + ENDINGS.volumeMap, bytes: map };
  const { slice, finding: highest } = finding.highest;
  if (size[2] === 1) {
    yield* pictureFiles(card, highest, base);
    return;
  }
  const curve = curveSvg(finding, ownInput ? (card.threshold?.value ?? null) : null);
  yield { name: base + ENDINGS.curve, bytes: new TextEncoder().encode(curve) };
  yield* pictureFiles(card, highest, sliceName(base, slice));
}
