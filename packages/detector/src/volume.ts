/**
 * @file A whole scan through a detector: each of its slices as a picture, the slices' scores as one, and their maps put
 * back into the scan's own grid.
 */
import { HaleError } from "@hale/core";
import { putBack, type Scan, type ScanInput, type SliceAxis, type SlicedScan, sliceScan } from "@hale/imaging";
import { batchSize } from "./batch.ts";
import { type Decision, decide } from "./decision.ts";
import { conformalPValue, type Detector, type Finding } from "./detector.ts";
import { isBlank, nothingToSee } from "./domain/blank.ts";
import { type DomainFinding, domainOfSlices } from "./domain/check.ts";
import { type Aggregation, aggregateScores, aggregationName } from "./format/input.ts";

/** What a detector says of one slice. */
export interface SliceScore {
  /** Number of the slice along the axis, from 0; see `stackOf` of @hale/imaging for where counting begins. */
  slice: number;
  score: number;
  parts: Record<string, number>;
}

/** What a detector says of a scan. Never holds NaN. */
export interface VolumeFinding {
  /** Of the slices' scores, by the aggregation; higher is more abnormal. */
  score: number;
  aggregation: Aggregation;
  /** Conformal p-value among the scores of held-out normal volumes; null where the card has none for this aggregation. */
  pValue: number | null;
  /** Null where there is no threshold for volumes; `thresholdReason` then says why. */
  decision: Decision | null;
  threshold: number | null;
  thresholdReason: string | null;
  /** Whether most of its slices are like the training images; null where the card does not say how those look. */
  domain: DomainFinding | null;
  axis: SliceAxis;
  /** Of each slice that was looked at, in order. */
  slices: SliceScore[];
  /** The slice with the highest score. */
  highest: { slice: number; finding: Finding };
  /** A value for each voxel, in the scan's own order; 0 where nothing was looked at. Null unless asked for. */
  map: Float32Array | null;
  /** Samples of the pictures that were NaN or infinite, and were taken as background. */
  notNumbers: number;
}

export interface ExamineScanOptions {
  /** Instead of the card's own: scores then mean something else, and there is no threshold and no p-value. */
  input?: ScanInput;
  /** Instead of the card's own; likewise. */
  aggregation?: Aggregation;
  /** Whether to make the map of the whole volume. */
  map?: boolean;
  /** The file, for errors. */
  name?: string;
  onSlice?: (done: number, total: number) => void;
}

/**
 * Examines a scan slice by slice. Throws DETECTOR_MISMATCH for a detector that was trained on plain pictures, unless an
 * `input` is given; IMAGE_UNSUPPORTED for a scan that has no such slices, or one value only in all of them; and what `Detector.examine` throws.
 */
export async function examineScan(
  detector: Detector,
  scan: Scan,
  { input: given, aggregation: asked, map: wantsMap = false, name = "The scan", onSlice }: ExamineScanOptions = {},
): Promise<VolumeFinding> {
  const known = detector.card.input;
  const input = given ?? known;
  if (!input) {
    throw new HaleError(
      "DETECTOR_MISMATCH",
      `${name} is a scan, and the detector was trained on plain pictures, which had been windowed before.`,
      "Say how its values become black and white, for example by the file's own window for radiographs.",
      { setting: "normalisation" },
    );
  }
  const aggregation = asked ?? known?.volume.aggregation ?? { kind: "max" };
  const sliced = sliceScan(scan, input, name);
  const { stack, frame, indices } = sliced;
  const map = wantsMap ? new Float32Array(scan.size[0] * scan.size[1] * scan.size[2]) : null;
  const slices: SliceScore[] = [];
  let highest: VolumeFinding["highest"] | null = null;
  let notNumbers = 0;
  const domains: (DomainFinding | null)[] = [];
  const values = new Set<number | null>();
  for await (const found of findingsOf(detector, sliced)) {
    const { slice, finding } = found;
    notNumbers += found.notNumbers;
    values.add(found.only);
    domains.push(finding.domain);
    slices.push({ slice, score: finding.score, parts: finding.parts });
    if (highest === null || finding.score > highest.finding.score) highest = { slice, finding };
    const { data, width, height } = finding.anomalyMap;
    if (map) putBack(map, stack.plane(slice), frame, data, width, height);
    onSlice?.(slices.length, indices.length);
  }
  if (values.size === 1 && !values.has(null)) throw nothingToSee(name, "has one value only");
  const score = aggregateScores(
    slices.map((one) => one.score),
    aggregation,
  );
  const domain = domainOfSlices(domains);
  const call = callOf(detector, scan, score, given !== undefined, aggregation, domain);
  return { score, aggregation, ...call, domain, axis: stack.axis, slices, highest: highest!, map, notNumbers };
}

interface SliceFinding {
  slice: number;
  finding: Finding;
  notNumbers: number;
  /** The value of all of the picture's pixels; null where they differ. */
  only: number | null;
}

/** Findings of all slices, in order: in batches, one of which is made ready while others are examined. */
async function* findingsOf(detector: Detector, { indices, picture, frame }: SlicedScan): AsyncGenerator<SliceFinding> {
  const { channels, size } = detector.card.image;
  const most = batchSize(frame.fullWidth, frame.fullHeight, channels, size);
  const examine = async (batch: readonly number[]): Promise<SliceFinding[]> => {
    const pictures = batch.map((slice) => picture(slice));
    const findings = await detector.examineBatch(pictures.map(({ raster }) => raster));
    return batch.map((slice, i) => {
      const { raster, notNumbers } = pictures[i];
      return {
        slice,
        finding: findings[i],
        notNumbers,
        only: isBlank(raster) ? raster.data[0] : null,
      };
    });
  };
  const underWay: Promise<SliceFinding[]>[] = [];
  for (let at = 0; at < indices.length || underWay.length > 0; at += most) {
    if (at < indices.length) {
      const batch = examine(indices.slice(at, at + most));
      // Whoever asks for it is told; that nobody does, after an error before it, is no fault of its own.
      batch.catch(() => {});
      underWay.push(batch);
    }
    if (at + most >= indices.length || underWay.length > detector.parallel) yield* await underWay.shift()!;
  }
}

type VolumeCall = Pick<VolumeFinding, "pValue" | "decision" | "threshold" | "thresholdReason">;

function callOf(
  { card }: Detector,
  scan: Scan,
  score: number,
  otherInput: boolean,
  aggregation: Aggregation,
  domain: DomainFinding | null,
): VolumeCall {
  const none = (thresholdReason: string): VolumeCall => ({
    pValue: null,
    decision: null,
    threshold: null,
    thresholdReason,
  });
  const { input } = card;
  const single = scan.size[2] === 1;
  if (!input || otherInput) return none("The scan was not made into pictures as the detector's own images were.");
  const same = aggregationName(aggregation) === aggregationName(input.volume.aggregation);
  // The score of a single image is its own, however scores are brought together.
  const { threshold, normalScores } = single ? card : input.volume;
  const reason = single ? card.thresholdReason : input.volume.thresholdReason;
  if (!single && !same) {
    return none(`The threshold is for ${aggregationName(input.volume.aggregation)} of a volume's slices.`);
  }
  return {
    pValue: conformalPValue(score, normalScores),
    threshold: threshold?.value ?? null,
    thresholdReason: threshold ? null : reason,
    decision: decide(score, threshold?.value ?? null, domain),
  };
}
