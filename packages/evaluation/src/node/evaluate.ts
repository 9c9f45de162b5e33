/**
 * @file Evaluates a detector file on the test split of a data set: every image goes through the file's own model, and
 * nothing about the test split flows back.
 */

import { HaleError } from "@hale/core";
import {
  checkOf,
  clusterOf,
  type Dataset,
  type DatasetCheck,
  type DatasetInput,
  evidenceOf,
  type ImageEvidence,
  type Item,
  type ReadImages,
  type ScoredVolume,
  type Skipped,
  scoredVolumes,
  type UnmarkedSlices,
} from "@hale/data";
import { isOpenedAs, loadMask, type OpenedDataset, openDataset, readImages } from "@hale/data/node";
import {
  type Aggregation,
  type Detector,
  type DomainFinding,
  domainOfSlices,
  type Finding,
  printOf,
  refuseBlank,
  type SeenAs,
  type SeenRecord,
  seenSearch,
} from "@hale/detector";
import { methods } from "@hale/methods";
import {
  type ClusterCounts,
  clusteredIntervals,
  type Interval,
  type OperatingPoint,
  operatingPoint,
  type PixelMetrics,
  pixelMetrics,
} from "@hale/statistics";
import { type Comparison, type ComparisonOptions, compareWithControls } from "../comparisons.ts";
import { type ClassRow, classRows, needsReview, operatingPointOf } from "../decided.ts";
import { NOT_CHECKED, type SeenTestImages } from "../seen-images.ts";

/** One test image and what the detector says of it. */
export interface EvaluatedCase {
  item: Item;
  label: 0 | 1;
  finding: Finding;
  /** The lesion mask at the size of the map, 0 and 1; null where the image has none. */
  mask: Uint8Array | null;
}

/** One of the numbers that the detector's score is made of, or could be. */
export interface PartRow {
  name: string;
  /** By this number alone, on the same test images. */
  auroc: Interval;
}

/** Pixel metrics, and the images that they rest on. */
export interface PixelEvaluation extends PixelMetrics {
  /** Abnormal images with a mask. */
  masked: number;
  /** Normal images: all their pixels count as normal. */
  normals: number;
  /** Abnormal images without a mask: they say nothing about their pixels and take no part. */
  unmasked: number;
}

/** How well whole volumes are told apart, by the aggregated scores of their slices. */
export interface VolumeEvaluation {
  aggregation: Aggregation;
  volumes: ScoredVolume[];
  normals: number;
  abnormals: number;
  clusters: ClusterCounts & { caution: string | null };
  /** Null where one of the classes has no volume. */
  auroc: Interval | null;
  averagePrecision: Interval | null;
  /** At the detector's threshold for volumes, of those that need no review; null where it has none, and `reason` says why. */
  operating: OperatingPoint | null;
  /** Paths of volumes that need review. */
  needReview: string[];
  reason: string | null;
}

export interface Evaluation {
  dataset: Dataset;
  cases: EvaluatedCase[];
  skipped: Skipped[];
  normals: number;
  abnormals: number;
  clusters: ClusterCounts & { caution: string | null };
  auroc: Interval;
  averagePrecision: Interval;
  /** At the detector's threshold, of the images that need no review; null where it has none. */
  operating: OperatingPoint | null;
  /** Images that need review: they are neither above nor not above. */
  needsReview: number;
  classes: ClassRow[];
  /** To look at: nothing is selected by them. Empty where the detector gives none. */
  parts: PartRow[];
  pixels: PixelEvaluation | null;
  /** Whole volumes; null where the images are not slices of any. */
  volumes: VolumeEvaluation | null;
  /** Leaks, and controls on the same test images. */
  audit: DatasetCheck;
  /**
   * The detector beside each trivial control and, where its method learns from the pool, beside the pool's. Null where there are
   * no controls on the test images.
   */
  comparisons: Comparison[] | null;
  /** Test images that the detector was made with, where its hashes are at hand. */
  seen: SeenTestImages;
}

export interface EvaluateOptions {
  /** What the slices of abnormal volumes are, on which the mask marks nothing: left out of the figures by slice, or normal. */
  unmarked?: UnmarkedSlices;
  corrupt?: "refuse" | "skip";
  /** Of the bootstrap. */
  seed?: number;
  resamples?: number;
  /** Whether the audit looks for near copies, its slow part. */
  nearCopies?: boolean;
  /** Hashes of the images that the detector was made with; those of its card where this is missing. */
  seen?: SeenRecord | null;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Scores the test split of a data set, by its path or as it was opened, and works out every figure. Each image is read once, for its
 * score and for the audit. Throws DATASET_INVALID when the split lacks one of the classes.
 */
export async function evaluateDetector(
  detector: Detector,
  data: string | OpenedDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const {
    corrupt = "refuse",
    seed = 1,
    resamples = 2000,
    nearCopies = true,
    unmarked = "left-out",
    onProgress,
  } = options;
  const { input: known } = detector.card;
  const input = known && datasetInputFrom(known, unmarked);
  const { dataset, store } = await openedFor(data, input);
  checkKinds(dataset, known !== undefined);
  const test = dataset.items.filter((item) => item.split === "test" && item.label !== null);
  const kinds = new Set(test.map((item) => item.label));
  if (kinds.size < 2) {
    const found = kinds.size === 0 ? "no labelled images" : `only ${kinds.has(0) ? "normal" : "abnormal"} images`;
    throw new HaleError(
      "DATASET_INVALID",
      `The test split of ${dataset.name} holds ${found}, so nothing can be compared.`,
      "Give it normal and abnormal images; scoring works without labels.",
    );
  }
  const aside = (dataset.unmarked ?? []).filter((item) => item.split === "test");
  const scored = new Set([...test, ...aside]);
  // Maps of slices that are in no figure would only fill the memory.
  const otherScores = new Map<Item, Scored>();
  const found = new Map<Item, EvaluatedCase>();
  const evidence = evidenceOf(dataset, nearCopies);
  const others = new Set(aside);
  const hashes = options.seen ?? detector.card.seen ?? null;
  const search = hashes && seenSearch(hashes);
  const madeWith = new Map<Item, SeenAs>();
  const read = await readImages(
    // In the order of their volumes, so that each is read once.
    [...dataset.items, ...aside].sort(byVolume),
    async (raster, identity, item) => {
      if (others.has(item)) {
        const { score, domain } = await detector.examine(raster);
        otherScores.set(item, { score, domain });
        return null;
      }
      const seen = await evidence(raster, identity, item);
      if (scored.has(item)) {
        if (!item.scan || item.scan.single) refuseBlank(raster, item.path);
        const as = search?.(await printOf(raster));
        if (as) madeWith.set(item, as);
        const finding = await detector.examine(raster);
        const mask = await loadMask(item, finding.anomalyMap.width, store);
        found.set(item, { item, label: item.label!, finding, mask });
      }
      return seen;
    },
    { corrupt, store, onProgress },
  );
  const cases = test.flatMap((item) => found.get(item) ?? []);
  const skipped = pathsOf(scored, read.skipped);
  const labels = cases.map(({ label }) => label);
  if (new Set(labels).size < 2) {
    throw new HaleError(
      "DATASET_INVALID",
      "Only one class is left after damaged images were skipped.",
      "Repair the images.",
    );
  }
  const scores = cases.map(({ finding }) => finding.score);
  const clusters = cases.map(({ item }) => clusterOf(item));
  const resampled = { labels, clusters, seed, resamples };
  const { intervals, ...counts } = clusteredIntervals({
    ...resampled,
    scores,
    metrics: ["auroc", "averagePrecision"],
  });
  const threshold = detector.card.threshold?.value;
  const audit = checkOf(dataset, inOrderOf(dataset, read), { nearCopies });
  return {
    dataset,
    cases,
    skipped,
    normals: labels.filter((label) => label === 0).length,
    abnormals: labels.filter((label) => label === 1).length,
    clusters: counts,
    auroc: intervals.auroc,
    averagePrecision: intervals.averagePrecision,
    operating: threshold === undefined ? null : operatingPointOf(cases, threshold),
    needsReview: cases.filter(needsReview).length,
    classes: classRows(cases, { seed, resamples }),
    parts: detector.card.parts.map((name) => {
      const values = cases.map(({ finding }) => finding.parts[name]);
      return { name, auroc: clusteredIntervals({ ...resampled, scores: values, metrics: ["auroc"] }).intervals.auroc };
    }),
    pixels: pixelsOf(cases),
    volumes: volumesOf(detector, [...cases.map(({ item, finding }) => [item, finding] as const), ...otherScores], {
      seed,
      resamples,
    }),
    audit,
    comparisons: comparisonsOf(detector, audit, { ...resampled, scores }),
    seen: hashes
      ? {
          checked: true,
          images: hashes.images,
          seen: cases.flatMap(({ item }) => {
            const as = madeWith.get(item);
            return as ? [{ path: item.path, as }] : [];
          }),
        }
      : NOT_CHECKED,
  };
}

/** Whether a detector's method learns from unlabelled images; of a method that is not known here, whether it had any. */
const usesPool = ({ card: { method, dataset } }: Detector) =>
  methods.get(method.name)?.needsUnlabelled ?? dataset.unlabelled > 0;

function comparisonsOf(
  detector: Detector,
  { controls, controlsOn }: DatasetCheck,
  options: Omit<ComparisonOptions, "controls">,
): Comparison[] | null {
  // Elsewhere the controls saw other images, and nothing is paired.
  if (!controls || controlsOn !== "test") return null;
  const fair = controls.filter(({ name }) => name !== "pool" || usesPool(detector));
  return compareWithControls({ ...options, controls: fair });
}

/** The data set with the slices that the detector looks at; opened anew where it was opened with others. */
async function openedFor(data: string | OpenedDataset, input: DatasetInput | undefined): Promise<OpenedDataset> {
  if (typeof data === "string") return openDataset(data, { input });
  return isOpenedAs(data, data.path, input) ? data : openDataset(data.path, { input, store: data.store });
}

/** What was left out of those that were to be scored. */
function pathsOf(items: ReadonlySet<Item>, skipped: readonly Skipped[]): Skipped[] {
  const paths = new Set([...items].map(({ path }) => path));
  return skipped.filter(({ path }) => paths.has(path));
}

/** What was seen of the items of the data set, in its order. */
function inOrderOf({ items }: Dataset, read: ReadImages<ImageEvidence | null>): ReadImages<ImageEvidence> {
  const seen = new Map(read.items.map((item, i) => [item, read.images[i]]));
  const paths = new Set(items.map(({ path }) => path));
  const kept = items.flatMap((item) => {
    const image = seen.get(item);
    return image ? [{ item, image }] : [];
  });
  return {
    items: kept.map(({ item }) => item),
    images: kept.map(({ image }) => image),
    skipped: read.skipped.filter(({ path }) => paths.has(path)),
    notNumbers: read.notNumbers,
  };
}

/** Only the part of a card's input that makes pictures. */
function datasetInputFrom({ volume: _, ...input }: NonNullable<Detector["card"]["input"]>, unmarked: UnmarkedSlices) {
  return { ...input, unmarked };
}

/** Throws DETECTOR_MISMATCH where a detector of pictures meets scans, or the other way round. */
function checkKinds(dataset: Dataset, knowsScans: boolean): void {
  const scans = dataset.input !== undefined;
  if (scans === knowsScans) return;
  const [learnt, given] = knowsScans ? ["scans", "plain pictures"] : ["plain pictures", "scans"];
  throw new HaleError(
    "DETECTOR_MISMATCH",
    `The detector was trained on ${learnt}, and ${dataset.name} holds ${given}, whose values mean something else.`,
    "Evaluate it on images of the kind that it was trained on.",
  );
}

/** Pictures stay as they are; slices stand together, by number. */
function byVolume({ scan: a }: Item, { scan: b }: Item): number {
  if (!a || !b) return 0;
  return a.path === b.path ? a.index - b.index : a.path < b.path ? -1 : 1;
}

type Scored = Pick<Finding, "score" | "domain">;

function volumesOf(
  { card }: Detector,
  scored: readonly (readonly [Item, Scored])[],
  { seed, resamples }: { seed: number; resamples: number },
): VolumeEvaluation | null {
  if (!card.input) return null;
  const { aggregation, threshold, thresholdReason } = card.input.volume;
  const volumes = scoredVolumes(
    scored.map(([item]) => item),
    scored.map(([, { score }]) => score),
    aggregation,
  ).filter(({ label }) => label !== null);
  if (volumes.length === 0) return null;
  const review = volumesToReview(scored);
  const decided = volumes.filter(({ path }) => !review.has(path));
  const labels = volumes.map(({ label }) => label as 0 | 1);
  const scores = volumes.map(({ score }) => score);
  const clusters = volumes.map(({ cluster }) => cluster);
  const both = new Set(labels).size === 2;
  const found = both
    ? clusteredIntervals({ labels, scores, clusters, seed, resamples, metrics: ["auroc", "averagePrecision"] })
    : null;
  const { intervals = null, ...counts } = found ?? {
    clusters: new Set(clusters).size,
    abnormalClusters: new Set(clusters.filter((_, i) => labels[i] === 1)).size,
    normalClusters: new Set(clusters.filter((_, i) => labels[i] === 0)).size,
    caution: null,
  };
  return {
    aggregation,
    volumes,
    normals: labels.filter((label) => label === 0).length,
    abnormals: labels.filter((label) => label === 1).length,
    clusters: counts,
    auroc: intervals?.auroc ?? null,
    averagePrecision: intervals?.averagePrecision ?? null,
    operating:
      threshold && decided.length > 0
        ? operatingPoint(
            decided.map(({ score }) => score),
            decided.map(({ label }) => label as 0 | 1),
            threshold.value,
            { clusters: decided.map(({ cluster }) => cluster) },
          )
        : null,
    needReview: volumes.filter(({ path }) => review.has(path)).map(({ path }) => path),
    reason: thresholdReason,
  };
}

/** Paths of the volumes of which most slices are outside what the detector knows. */
function volumesToReview(scored: readonly (readonly [Item, Scored])[]): Set<string> {
  const slices = new Map<string, (DomainFinding | null)[]>();
  for (const [{ scan }, { domain }] of scored) {
    if (scan) slices.set(scan.path, [...(slices.get(scan.path) ?? []), domain]);
  }
  return new Set([...slices].filter(([, domains]) => domainOfSlices(domains)?.outside).map(([path]) => path));
}

/** Pooled pixel metrics, where abnormal images have masks; pixels of normal images count as normal. */
function pixelsOf(cases: readonly EvaluatedCase[]): PixelEvaluation | null {
  const images: Parameters<typeof pixelMetrics>[0][number][] = [];
  const counts = { masked: 0, normals: 0, unmasked: 0 };
  for (const { label, finding, mask } of cases) {
    const { data, width } = finding.anomalyMap;
    // An abnormal image without a mask says nothing about its pixels.
    const marked = label === 0 ? new Uint8Array(data.length) : mask;
    counts[label === 0 ? "normals" : mask ? "masked" : "unmasked"]++;
    if (marked) images.push({ map: data, mask: marked, width });
  }
  return images.some(({ mask }) => Array.from(mask).some((v) => v > 0)) ? { ...pixelMetrics(images), ...counts } : null;
}
