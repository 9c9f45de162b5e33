/**
 * @file What a score becomes in a hospital's archive: for each DICOM image or series that was scored, a Parametric Map, a
 * Segmentation, a Secondary Capture and a Structured Report. What the standard does not allow for an image is left out,
 * with the reason. The library that encodes them is handed in: dcmjs and its dictionary take their time to load, and scores
 * alone need neither.
 */
import { HaleError, isNotAllowed, sha256Hex, significant } from "@hale/core";
import type { Pseudonyms } from "@hale/data";
import { aggregationName, type Card, type Detector, decisionWords, type VolumeFinding } from "@hale/detector";
import {
  MAX_INPUT_BYTES,
  normaliser,
  overlayMap,
  type Raster,
  type Scan,
  type ScanInput,
  stackOf,
} from "@hale/imaging";
import type { AnomalyMap, DetectorIdentity, SourceFrame, SourceInstance } from "@hale/imaging/dicom-objects";
import { OBJECT_ENDINGS, type ObjectKind, type Sink } from "./outputs.ts";

export type SegmentAbove = "p95" | "p99" | "top" | "max";
export const SEGMENT_ABOVE: readonly SegmentAbove[] = ["p95", "p99", "top", "max"];

/** What objects are made with, the same for each image. */
export interface ObjectSettings {
  library: ObjectLibrary;
  detector: DetectorIdentity;
  segmentAbove: SegmentAbove;
  /** Secret and pseudonyms; null where the patient's identity is carried on. */
  deidentify: { key: Uint8Array<ArrayBuffer>; pseudonyms: Pseudonyms } | null;
  /** Where they go. */
  sink: Sink;
}

export type ObjectLibrary = typeof import("@hale/imaging/dicom-objects");

/** What of an image was written, as its row tells it. */
export interface WrittenObjects {
  /** As the sink calls them, by kind of object. */
  dicom: Partial<Record<ObjectKind, string>>;
  leftOut: { object: ObjectKind | "all"; reason: string }[];
}

/** Most bytes of the pictures of a volume; beyond, those around its highest slice. */
const PICTURE_BYTES = MAX_INPUT_BYTES / 8;

const MEANING: Record<SegmentAbove, string> = {
  p95: "the 95th percentile of the map's points in held-out normal images",
  p99: "the 99th percentile of the map's points in held-out normal images",
  top: "twice the 99th percentile of the map's points in held-out normal images",
  max: "the highest of the map's points in held-out normal images",
};

/** Which detector it was: the method, the version of hale that made it, and the SHA-256 of its file. */
export async function identityOf({ card }: Pick<Detector, "card">, file: Uint8Array): Promise<DetectorIdentity> {
  return { name: card.method.name, version: card.haleVersion, sha256: await sha256Hex(file) };
}

/** A scan that was examined, with its map. */
export interface ScoredScan {
  /** The file, for notes. */
  file: string;
  scan: Scan;
  finding: VolumeFinding;
  /** How it became pictures. */
  input: ScanInput;
}

/**
 * Makes and keeps the objects of one finding, and tells which there are. `frames` gives the frame of the DICOM source for
 * each slice of the scan; undefined for what is no DICOM. `note` is given sentences about what was left out, and what to
 * look at.
 */
export async function writeObjects(
  settings: ObjectSettings,
  card: Card,
  scored: ScoredScan,
  frames: (() => SourceFrame[]) | undefined,
  note: (sentence: string) => void,
): Promise<WrittenObjects> {
  const written: WrittenObjects = { dicom: {}, leftOut: [] };
  const leaveOut = (object: ObjectKind | "all", reason: string) => {
    written.leftOut.push({ object, reason });
    const what = object === "all" ? "no DICOM objects" : `no ${NAMES[object]}`;
    note(`${scored.file}: ${what}. ${reason}`);
  };
  if (!frames) {
    leaveOut("all", "It is no DICOM file.");
    return written;
  }
  const found = await sourcesOf(settings, frames, scored.file, note).catch(refusal);
  if (found instanceof HaleError) {
    leaveOut("all", found.message);
    return written;
  }
  const { library, detector } = settings;
  /** Keeps the object that `make` makes under a name of its own; null where the standard does not allow it. */
  const write = async (kind: ObjectKind, make: (sopInstanceUid: string) => Uint8Array<ArrayBuffer>) => {
    const uid = library.randomUid();
    const bytes = await Promise.resolve(uid).then(make).catch(refusal);
    if (bytes instanceof HaleError) {
      leaveOut(kind, bytes.message);
      return null;
    }
    written.dicom[kind] = await settings.sink({ name: uid + OBJECT_ENDINGS[kind], bytes });
    return bytes;
  };

  const { scan, finding } = scored;
  const { mapScale } = card;
  const map: AnomalyMap = {
    size: scan.size,
    values: finding.map!,
    // The places are those of the source's frames, on whose pixels the map is.
    affine: null,
    sourceOf: (slice) => found[slice],
  };
  const threshold = mapScale[settings.segmentAbove];
  const thresholdMeaning = MEANING[settings.segmentAbove];
  const base = { map, detector };
  const mapBytes = await write("parametricMap", (sopInstanceUid) =>
    library.parametricMap({ ...base, maximum: mapScale.top }, { sopInstanceUid }),
  );
  const segmentBytes = await write("segmentation", (sopInstanceUid) =>
    library.segmentation({ ...base, threshold, thresholdMeaning }, { sopInstanceUid }),
  );
  const words = decisionWords(card, finding.decision, scan.size[2] > 1, finding.domain);
  const decided = words === null ? [] : [`Score ${significant(finding.score)}: ${words}.`];
  await write("secondaryCapture", (sopInstanceUid) => {
    const pictures = picturesOf(scored, found, mapScale.top);
    return library.secondaryCapture(
      { pictures, detector, maximum: mapScale.top, remarks: decided },
      { sopInstanceUid },
    );
  });
  const asSource = (bytes: Uint8Array | null) => bytes && writtenSource(library, bytes, found[0].instance);
  const segment = asSource(segmentBytes);
  await write("report", (sopInstanceUid) =>
    library.structuredReport(
      {
        sources: found.map(({ instance }) => instance),
        score: finding.score,
        threshold: finding.threshold,
        decision: finding.decision,
        falseAlarmRate: falseAlarmRateOf(card, scan, finding),
        detector,
        parametricMap: asSource(mapBytes),
        segmentation: segment && { instance: segment, threshold },
        remarks: [...decided, ...remarksOf(scored, segment && `${threshold}, ${thresholdMeaning}`)],
      },
      { sopInstanceUid },
    ),
  );
  return written;
}

const NAMES: Record<ObjectKind, string> = {
  parametricMap: "Parametric Map",
  segmentation: "Segmentation",
  secondaryCapture: "Secondary Capture",
  report: "Structured Report",
};

/** What an image does not allow; faults of disks and numbers are thrown on. */
function refusal(error: unknown): HaleError {
  if (isNotAllowed(error)) return error;
  throw error;
}

/** The source's frames, de-identified where that was asked for. */
async function sourcesOf(
  { deidentify, library }: ObjectSettings,
  frames: () => SourceFrame[],
  file: string,
  note: (sentence: string) => void,
): Promise<SourceFrame[]> {
  const found = frames();
  if (!deidentify) return found;
  const { key, pseudonyms } = deidentify;
  const instances = [...new Set(found.map(({ instance }) => instance))];
  if (instances.some(({ textInPixels }) => textInPixels === "possible")) {
    note(`${file} does not say whether text is burned into its pixels. Look at the overlay before you hand it on.`);
  }
  const { PatientID: id, IssuerOfPatientID: issuer } = instances[0].modules;
  // As `hale data import` makes them, so that one key gives one name everywhere.
  const pseudonym = id ? await pseudonyms.of("patient", String(issuer ?? ""), String(id)) : undefined;
  const others = await library.deidentifySources(instances, { key, pseudonym });
  const other = new Map(instances.map((instance, i) => [instance, others[i]]));
  return found.map(({ instance, frame }) => ({ instance: other.get(instance)!, frame }));
}

/** What we wrote as something that a report can refer to. */
function writtenSource(library: ObjectLibrary, bytes: Uint8Array, source: SourceInstance): SourceInstance {
  return { ...library.sourceInstance(bytes, "The object just written"), deidentified: source.deidentified };
}

function falseAlarmRateOf(card: Card, scan: Scan, { threshold }: VolumeFinding): number | null {
  if (threshold === null) return null;
  return (scan.size[2] > 1 ? card.input?.volume.threshold : card.threshold)?.falseAlarmRate ?? null;
}

/** Sentences of the report: how the score came about, and what the segment is. */
function remarksOf({ scan, finding }: { scan: Scan; finding: VolumeFinding }, segment: string | null): string[] {
  const { aggregation, slices, axis, thresholdReason, highest } = finding;
  const way =
    scan.size[2] > 1
      ? `The score is ${aggregationName(aggregation)} of the scores of ${slices.length} ${axis} slices; slice ${highest.slice}, counted from 0, has the highest.`
      : null;
  const region = segment
    ? `The segment is the anomaly map above ${segment}. That is no threshold of the score: of healthy images too, some points are above it.`
    : null;
  return [way, thresholdReason && `There is no threshold of the score: ${thresholdReason}`, region].filter(
    (sentence) => sentence !== null,
  );
}

/**
 * The map over the slices as they are stored, in the detector's own brightness: the slices that were looked at, of large
 * volumes as many as fit around the one whose map is highest.
 */
function picturesOf(
  { scan, finding, input }: ScoredScan,
  frames: readonly SourceFrame[],
  maximum: number,
): { raster: Raster; source: SourceFrame }[] {
  const [width, height, count] = scan.size;
  const area = width * height;
  const mapOf = (slice: number) => finding.map!.subarray(slice * area, (slice + 1) * area);
  const sums = frames.map((_, slice) => mapOf(slice).reduce((sum, value) => sum + value, 0));
  const highest = sums.indexOf(Math.max(...sums));
  const [first, last] = [sums.findIndex((sum) => sum > 0), sums.findLastIndex((sum) => sum > 0)];
  const most = Math.max(1, Math.floor(PICTURE_BYTES / (3 * area)));
  const looked = first < 0 ? [0, count - 1] : [first, last];
  const start = Math.max(looked[0], Math.min(highest - (most >> 1), looked[1] - most + 1));
  const end = Math.min(looked[1], start + most - 1);
  const values = normaliser(scan, input.normalisation);
  const stack = stackOf(scan, "stored");
  return Array.from({ length: end - start + 1 }, (_, i) => {
    const slice = start + i;
    const { data } = values.plane(stack.plane(slice));
    const image: Raster = { width, height, channels: scan.channels, maxValue: 1, data };
    return { raster: overlayMap(image, mapOf(slice), width, height, { maximum }), source: frames[slice] };
  });
}
