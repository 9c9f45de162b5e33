/**
 * @file From a finished run to one detector file: export the selected weights, score the held-out normals with the very
 * model that is exported, set the threshold and the scale of maps from them, write the card.
 */

import { HaleError, joined, VERSION } from "@hale/core";
import { clusterOf, type Item, scoredVolumes } from "@hale/data";
import {
  CARD_FORMAT,
  type Card,
  DetectorModel,
  fitDomain,
  packDetector,
  RESEARCH_USE,
  type SeenRecord,
  seenRecord,
  thresholdForCard,
} from "@hale/detector";
import { formatNormalisation } from "@hale/imaging";
import { exportModel, type Method } from "@hale/methods";
import type { Device } from "@hale/runtime";
import { quantileOfSorted, thresholdFromNormals } from "@hale/statistics";
import type { FinishedRun } from "./run.ts";
import { isByGradient, type RunInput } from "./run-settings.ts";

export interface DetectorOptions {
  /** Licence and attribution of the data. */
  licence?: string;
  /** Whether the file holds the hashes of its images too, by which whoever has it can tell whether an image was used. */
  imageHashes?: boolean;
}

/** The detector of a run. */
export interface MadeDetector {
  /** A `.hale` file. */
  bytes: Uint8Array;
  card: Card;
  /** Hashes of the images that were used, to be kept beside it. */
  seen: SeenRecord;
}

/**
 * Packs the detector of a run. Thresholds are set on `device`, a CPU (native or WebAssembly) whatever trained: it is the
 * reference that other devices are checked against.
 */
export async function makeRunDetector(
  run: FinishedRun,
  device: Device,
  options: DetectorOptions = {},
): Promise<MadeDetector> {
  const { licence, imageHashes = false } = options;
  const { settings, plan, method, recipe, shape, arrays, selected, threshold } = run;
  const model = exportModel(recipe, shape, arrays);
  const opened = await DetectorModel.open(model, shape, device, "The exported model");
  try {
    const pixels: Float32Array[] = [];
    const { images: scores, items } = await run.source.read(
      threshold.items,
      async (raster) => {
        const { score, anomalyMap } = await opened.run(raster);
        pixels.push(anomalyMap.data);
        return score;
      },
      { corrupt: "skip", keep: true },
    );
    const limit = thresholdOf(scores, settings.falseAlarmRate, items.map(clusterOf));
    const input = settings.input && inputForCard(settings.input, settings.falseAlarmRate, items, scores);
    const seen = seenRecord(run.looks.prints);
    const card: Card = {
      format: CARD_FORMAT,
      haleVersion: VERSION,
      method: {
        name: method.name,
        title: method.title,
        source: method.source,
        options: settings.options as Card["method"]["options"],
      },
      image: {
        ...shape,
        valueRange: settings.input
          ? `values of scans by ${formatNormalisation(settings.input.normalisation)}, clipped to 0 (black) and 1 (white)`
          : "decoded values divided by full scale: 0 is none, 1 is full",
      },
      ...(input && { input }),
      ...fitDomain(run.looks.descriptions, run.looks.clusters),
      ...(imageHashes && { seen }),
      views: [...opened.views],
      parts: [...opened.parts],
      counterpart: opened.counterpart,
      ...(recipe.backbone && { backbone: recipe.backbone }),
      dataset: {
        name: plan.dataset.name,
        // A fit may have ended early, and looks at no unlabelled image.
        trainNormals: recipe.learning === "fit" ? run.iteration : plan.partition.train.length,
        unlabelled: recipe.learning === "fit" ? 0 : plan.partition.unlabelled.length,
        selectionNormals: plan.partition.selection.length,
        thresholdNormals: scores.length,
        ...(licence ? { licence } : {}),
      },
      training: {
        seed: settings.seed,
        iterations: isByGradient(settings) ? settings.iterations : run.iteration,
        selectedIteration: selected.iteration,
        selectionRule: selectionRuleOf(run),
        selectionValue: selected.pseudoAuc,
        seconds: run.seconds,
        device: `${settings.device}, ${settings.threads} threads`,
        runtimeVersion: device.version,
      },
      created: new Date().toISOString(),
      ...limit,
      normalScores: [...scores].sort((a, b) => a - b),
      mapScale: mapScaleOf(pixels),
      selfCheck: await opened.measureSelfCheck(),
      intendedUse: intendedUseOf(method),
      notice: RESEARCH_USE,
    };
    return { bytes: await packDetector({ model, card }), card, seen };
  } finally {
    await opened.release();
  }
}

function selectionRuleOf({ recipe, selected }: FinishedRun): string {
  if (recipe.learning === "fit")
    return "none: learnt in one pass over the training normals, so there is nothing to select";
  return selected.pseudoAuc === null
    ? "last checkpoint"
    : "highest pseudo-AUC: held-out normals against the unlabelled pool";
}

function intendedUseOf({ learning }: Method): string {
  const use = "To study how far images are from what the detector learnt as normal. Not a medical device.";
  if (learning === "gradient") return use;
  return `${use} The file holds features of its training images: whoever may have it should be one who may have those.`;
}

/**
 * The card's part on scans: how they become pictures, and a threshold for whole volumes from the held-out normal ones. A
 * volume with an abnormal slice is no normal volume, whatever its other slices are used for.
 */
function inputForCard(
  { unmarked: _, aggregation, ...input }: RunInput,
  rate: number,
  items: readonly Item[],
  scores: readonly number[],
): NonNullable<Card["input"]> {
  const normal = scoredVolumes(items, scores, aggregation).filter(({ label }) => label === 0);
  const ofVolumes = normal.map(({ score }) => score);
  const limit = thresholdOf(
    ofVolumes,
    rate,
    normal.map(({ cluster }) => cluster),
    " Of a volume, all slices together count once.",
  );
  return { ...input, volume: { aggregation, ...limit, normalScores: ofVolumes.sort((a, b) => a - b) } };
}

function thresholdOf(
  scores: number[],
  rate: number,
  clusters: string[],
  remark = "",
): Pick<Card, "threshold" | "thresholdReason"> {
  try {
    return { threshold: thresholdForCard(thresholdFromNormals(scores, rate, { clusters })), thresholdReason: null };
  } catch (error) {
    if (!(error instanceof HaleError) || error.code !== "STATISTIC_UNSUPPORTED") throw error;
    return { threshold: null, thresholdReason: error.message + remark };
  }
}

/** Quantiles of the normals' map pixels; the brightest colour is twice their 99th percentile. */
function mapScaleOf(maps: Float32Array[]): Card["mapScale"] {
  const all = joined(maps);
  if (all.length === 0) return { p50: 0, p95: 0, p99: 0, max: 0, top: 1 };
  all.sort();
  const p = (share: number) => quantileOfSorted(all, share);
  return { p50: p(0.5), p95: p(0.95), p99: p(0.99), max: all[all.length - 1], top: Math.max(2 * p(0.99), 1e-6) };
}
