/**
 * @file Gathers a report from an evaluation, its detector's card and the run's logs, and writes it.
 */

import { count as counted, VERSION } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { type ControlResult, SUSPICIOUS_AUROC } from "@hale/data";
import { type Detector, RESEARCH_USE } from "@hale/detector";
import { colourMap } from "@hale/imaging";
import { methods } from "@hale/methods";
import { prCurve, rocCurve } from "@hale/statistics";
import { readLosses } from "@hale/training/node";
import { renderReport } from "../report/render-report.ts";
import type { ControlData, ReportData } from "../report/report-data.ts";
import { seenAsWords, seenSentence } from "../seen-images.ts";
import type { Evaluation } from "./evaluate.ts";
import { casesData, imageRows } from "./report-cases.ts";
import { countData, intervalData, patientsKnown, trainingData, volumesData } from "./report-figures.ts";

export interface ReportSource {
  detector: Detector;
  evaluation: Evaluation;
  /** The data set as it was named on the command line. */
  data: string;
  /** The run's folder, for its losses; the report does without where there is none. */
  runFolder: string;
  /** Arguments of the command that asked for the report. */
  command: readonly string[];
}

/** Options of methods that the report names beside the method. */
const TOLD = ["width", "batch", "positionCode", "learningRate", "k", "regions", "layers", "metric"];

/** Writes the report as one self-contained HTML file. Throws DISK_FULL or FILE_UNWRITABLE. */
export async function writeReport(path: string, source: ReportSource): Promise<void> {
  await writeAtomic(path, await renderReport(await reportData(source)));
}

async function reportData({ detector, evaluation, runFolder, command }: ReportSource): Promise<ReportData> {
  const { card } = detector;
  const { audit, cases, operating, dataset } = evaluation;
  const scores = cases.map(({ finding }) => finding.score);
  const labels = cases.map(({ label }) => label);
  const ofLabel = (label: 0 | 1) => cases.filter((one) => one.label === label);
  return {
    title: `${card.method.name} on ${dataset.name}`,
    created: new Date().toISOString().slice(0, 16).replace("T", " "),
    counterpart: card.counterpart,
    provenance: provenanceOf(evaluation, card, command),
    audit: {
      warnings: audit.warnings,
      nearCopies: audit.nearCopies,
      patientsKnown: patientsKnown(dataset.items),
      seen: {
        ...seenSentence(evaluation.seen),
        images: evaluation.seen.checked
          ? evaluation.seen.seen.map(({ path, as }) => `${path}: ${seenAsWords(as)}`)
          : [],
      },
      leaks: audit.leaks.map(({ a, b, splits, detail }) => `${a} (${splits[0]}) and ${b} (${splits[1]}): ${detail}`),
      skipped: evaluation.skipped,
      controlsOn: `the ${cases.length} labelled test images`,
      controls: audit.controls?.map((control) => controlData(control, evaluation.comparisons)) ?? null,
      suspiciousAuroc: SUSPICIOUS_AUROC,
    },
    headline: {
      auroc: intervalData(evaluation.auroc),
      averagePrecision: intervalData(evaluation.averagePrecision),
      level: 0.95,
      normal: evaluation.normals,
      abnormal: evaluation.abnormals,
      clusters: evaluation.clusters.clusters,
      clusterName: "patients or groups",
      caution: evaluation.clusters.caution,
    },
    operatingPoint:
      operating && card.threshold
        ? {
            threshold: operating.threshold,
            falseAlarmRate: card.threshold.falseAlarmRate,
            normals: card.threshold.normals,
            low: card.threshold.low,
            high: card.threshold.high,
            counts: operating.counts,
            sensitivity: operating.sensitivity,
            specificity: operating.specificity,
            needsReview: evaluation.needsReview,
            caution: operating.caution,
          }
        : null,
    curves: {
      roc: rocCurve(scores, labels).map(({ falsePositiveRate: x, truePositiveRate: y }) => ({ x, y })),
      pr: prCurve(scores, labels).map(({ recall: x, precision: y }) => ({ x, y })),
    },
    scores: {
      normal: ofLabel(0).map(({ finding }) => finding.score),
      abnormal: ofLabel(1).map(({ finding }) => finding.score),
    },
    training: trainingData(await readLosses(runFolder), card.training.selectedIteration),
    classes:
      evaluation.classes.length < 2
        ? []
        : evaluation.classes.map(({ name, images, auroc, sensitivity }) => ({
            name,
            images,
            auroc: intervalData(auroc),
            sensitivity,
          })),
    parts: evaluation.parts.map(({ name, auroc }) => ({ name, auroc: intervalData(auroc) })),
    pixels: evaluation.pixels && {
      masked: evaluation.pixels.masked,
      normals: evaluation.pixels.normals,
      unmasked: evaluation.pixels.unmasked,
      auroc: evaluation.pixels.auroc,
      averagePrecision: evaluation.pixels.averagePrecision,
      bestDice: evaluation.pixels.bestDice.dice,
      aupro: evaluation.pixels.aupro,
      auproLimit: evaluation.pixels.auproLimit,
    },
    volumes: evaluation.volumes && volumesData(evaluation.volumes, card),
    legend: {
      maximum: card.mapScale.top,
      origin: `twice the 99th percentile of pixels over ${card.dataset.thresholdNormals} held-out normal images`,
      stops: legendColours(card.mapScale.top),
    },
    cases: casesData(cases, card),
    images: imageRows(cases, card),
  };
}

function provenanceOf(
  evaluation: Evaluation,
  card: Detector["card"],
  command: readonly string[],
): ReportData["provenance"] {
  const { training, method, image } = card;
  const fits = methods.get(method.name)?.learning === "fit";
  return {
    method: method.title,
    variant: Object.entries(method.options)
      .filter(([name]) => TOLD.includes(name))
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    dataset: evaluation.dataset.name,
    counts: countData(evaluation.dataset.items),
    imageSize: `${image.size} × ${image.size}, ${image.channels === 1 ? "grey" : "RGB"}`,
    seed: training.seed,
    learnt: fits
      ? `one pass over ${counted(card.dataset.trainNormals, "normal")}`
      : counted(training.iterations, "iteration"),
    seconds: training.seconds,
    device: training.device,
    versions: [
      { name: "hale", version: VERSION },
      { name: "ONNX Runtime", version: training.runtimeVersion },
    ],
    checkpoint: fits
      ? null
      : `iteration ${training.selectedIteration}${training.selectionValue === null ? "" : `, pseudo-AUC ${training.selectionValue.toFixed(3)}`}`,
    selectionRule: training.selectionRule,
    commands: [["hale", ...command].join(" ")],
    more: [
      { name: "normals to train on", value: String(card.dataset.trainNormals) },
      ...(fits
        ? []
        : [
            { name: "unlabelled images to train on", value: String(card.dataset.unlabelled) },
            { name: "normals that selected the checkpoint", value: String(card.dataset.selectionNormals) },
          ]),
      { name: "normals that set the threshold", value: String(card.dataset.thresholdNormals) },
      { name: "source of the method", value: method.source },
      ...(card.backbone
        ? [
            { name: "looks through", value: card.backbone.name },
            { name: "its weights", value: `${card.backbone.origin}; licence ${card.backbone.licence}` },
          ]
        : []),
      { name: "notice", value: RESEARCH_USE },
    ],
  };
}

function controlData({ name, auroc, direction }: ControlResult, comparisons: Evaluation["comparisons"]): ControlData {
  const found = comparisons?.find(({ control }) => control === name);
  const compared = found ? { ...found, difference: intervalData(found.difference) } : null;
  return { name, meaning: direction, auroc: intervalData(auroc), compared };
}

function legendColours(top: number): string[] {
  const values = Float32Array.from({ length: 32 }, (_, i) => (i / 31) * top);
  const { data } = colourMap(values, 32, 1, top);
  return Array.from(values, (_, i) => `rgb(${data[3 * i]}, ${data[3 * i + 1]}, ${data[3 * i + 2]})`);
}
