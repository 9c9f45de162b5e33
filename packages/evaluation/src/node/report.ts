/**
 * @file Gathers a report from an evaluation, its detector's card and the run's logs, and writes it.
 */

import { count as counted, VERSION } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { type ControlResult, countItems, SUSPICIOUS_AUROC } from "@hale/data";
import { type Detector, INTENDED_USE, mapPng, picturePng, RESEARCH_USE } from "@hale/detector";
import { colourMap } from "@hale/imaging";
import { methods } from "@hale/methods";
import { prCurve, rocCurve } from "@hale/statistics";
import { readLosses } from "@hale/training/node";
import { maskOutline } from "../report/mask-outline.ts";
import { renderReport } from "../report/render-report.ts";
import type { CaseData, ControlData, CurvePoint, ReportData } from "../report/report-data.ts";
import type { EvaluatedCase, Evaluation, VolumeEvaluation } from "./evaluate.ts";

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

/** Cases shown of each kind. */
const SHOWN = 6;
/** Options of methods that the report names beside the method. */
const TOLD = ["width", "batch", "positionCode", "learningRate", "k", "regions", "layers", "metric"];
/** Most points of a curve; more cannot be seen. */
const POINTS = 400;

/** Writes the report as one self-contained HTML file. Throws DISK_FULL or FILE_UNWRITABLE. */
export async function writeReport(path: string, source: ReportSource): Promise<void> {
  await writeAtomic(path, renderReport(await reportData(source)));
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
      leaks: audit.leaks.map(({ a, b, splits, detail }) => `${a} (${splits[0]}) and ${b} (${splits[1]}): ${detail}`),
      skipped: evaluation.skipped,
      controlsOn: `the ${cases.length} labelled test images`,
      controls: audit.controls?.map(controlData) ?? null,
      suspiciousAuroc: SUSPICIOUS_AUROC,
    },
    headline: {
      auroc: evaluation.auroc,
      averagePrecision: evaluation.averagePrecision,
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
      roc: thin(
        rocCurve(scores, labels).map(
          (point): CurvePoint => ({ x: point.falsePositiveRate, y: point.truePositiveRate }),
        ),
      ),
      pr: thin(prCurve(scores, labels).map((point): CurvePoint => ({ x: point.recall, y: point.precision }))),
    },
    scores: {
      normal: ofLabel(0).map(({ finding }) => finding.score),
      abnormal: ofLabel(1).map(({ finding }) => finding.score),
    },
    training: await trainingOf(runFolder, card.training.selectedIteration),
    classes:
      evaluation.classes.length < 2
        ? []
        : evaluation.classes.map(({ name, images, auroc, sensitivity }) => ({
            name,
            images,
            auroc: { estimate: auroc, low: null, high: null },
            sensitivity,
          })),
    parts: evaluation.parts,
    pixels: evaluation.pixels && {
      images: cases.filter(({ item, label }) => label === 0 || item.mask !== null).length,
      auroc: evaluation.pixels.auroc,
      averagePrecision: evaluation.pixels.averagePrecision,
      bestDice: evaluation.pixels.bestDice.dice,
      aupro: evaluation.pixels.aupro,
      auproLimit: evaluation.pixels.auproLimit,
    },
    volumes: evaluation.volumes && volumesData(evaluation.volumes),
    legend: {
      maximum: card.mapScale.top,
      origin: `twice the 99th percentile of pixels over ${card.dataset.thresholdNormals} held-out normal images`,
      stops: legendColours(card.mapScale.top),
    },
    cases: casesOf(cases, detector),
  };
}

function volumesData(of: VolumeEvaluation): NonNullable<ReportData["volumes"]> {
  const { aggregation, volumes, operating } = of;
  const words = { max: "the highest", mean: "the mean", "top-k": "the mean of the highest" } as const;
  const few = aggregation.kind === "top-k" ? ` ${aggregation.k}` : "";
  return {
    aggregation: words[aggregation.kind] + few,
    normal: of.normals,
    abnormal: of.abnormals,
    clusters: of.clusters.clusters,
    auroc: of.auroc,
    averagePrecision: of.averagePrecision,
    operating,
    reason: of.reason,
    caution: of.clusters.caution,
    rows: [...volumes]
      .sort((a, b) => b.score - a.score)
      .map(({ path, label, class: kind, score, slices }) => ({
        path,
        label: label === 0 ? "normal" : kind && kind !== "abnormal" ? `abnormal (${kind})` : "abnormal",
        decision: operating ? (score > operating.threshold ? "above" : "not above") : null,
        score,
        highest: slices.reduce((a, b) => (b.score > a.score ? b : a)).slice,
        slices,
      })),
  };
}

function provenanceOf(
  evaluation: Evaluation,
  card: Detector["card"],
  command: readonly string[],
): ReportData["provenance"] {
  const { training, method, image } = card;
  const fits = methods.get(method.name)?.learning === "fit";
  const patients = (split: string, label: string) =>
    new Set(
      evaluation.dataset.items.flatMap((item) =>
        item.split === split &&
        (label === "unlabelled" ? item.label === null : item.label === (label === "abnormal" ? 1 : 0)) &&
        item.patient !== null
          ? [item.patient]
          : [],
      ),
    ).size || null;
  return {
    method: method.title,
    variant: Object.entries(method.options)
      .filter(([name]) => TOLD.includes(name))
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    dataset: evaluation.dataset.name,
    counts: countItems(evaluation.dataset.items).map((row) => ({ ...row, patients: patients(row.split, row.label) })),
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
      { name: "notice", value: `${RESEARCH_USE} ${INTENDED_USE}` },
    ],
  };
}

function controlData({ name, auroc, direction }: ControlResult): ControlData {
  return { name, meaning: direction, auroc };
}

async function trainingOf(folder: string, chosen: number): Promise<ReportData["training"]> {
  const lines = await readLosses(folder);
  const points = lines.flatMap((line) =>
    "selection/pseudoAuc" in line ? [{ iteration: line.iteration, value: line["selection/pseudoAuc"] }] : [],
  );
  const losses = lines.flatMap(({ iteration, seconds: _, ...values }) =>
    "selection/pseudoAuc" in values ? [] : [{ iteration, values }],
  );
  return {
    losses: thin(losses),
    selection:
      points.length > 0 ? { name: "pseudo-AUC, held-out normals against the unlabelled pool", points, chosen } : null,
  };
}

/** At most `POINTS` of a list, evenly, with its ends. */
function thin<T>(list: readonly T[]): T[] {
  if (list.length <= POINTS) return [...list];
  return Array.from({ length: POINTS }, (_, i) => list[Math.round((i * (list.length - 1)) / (POINTS - 1))]);
}

function legendColours(top: number): string[] {
  const values = Float32Array.from({ length: 32 }, (_, i) => (i / 31) * top);
  const { data } = colourMap(values, 32, 1, top);
  return Array.from(values, (_, i) => `rgb(${data[3 * i]}, ${data[3 * i + 1]}, ${data[3 * i + 2]})`);
}

function casesOf(cases: readonly EvaluatedCase[], { card }: Detector): ReportData["cases"] {
  const byScore = [...cases].sort((a, b) => b.finding.score - a.finding.score);
  const show = (list: readonly EvaluatedCase[]) => list.slice(0, SHOWN).map((one) => caseData(one, card));
  const unknown = byScore.filter(({ finding }) => finding.decision === "needs review");
  const falseAlarms = byScore.filter(({ label, finding }) => label === 0 && finding.decision === "above");
  const misses = byScore.filter(({ label, finding }) => label === 1 && finding.decision === "not above").reverse();
  return {
    needsReview: { total: unknown.length, shown: show(unknown) },
    mostAbnormal: show(byScore),
    leastAbnormal: show([...byScore].reverse()),
    falseAlarms: { total: falseAlarms.length, shown: show(falseAlarms) },
    misses: { total: misses.length, shown: show(misses) },
  };
}

function caseData({ item, label, finding, mask }: EvaluatedCase, card: Detector["card"]): CaseData {
  const { width, height } = finding.anomalyMap;
  return {
    path: item.path,
    score: finding.score,
    decision: finding.decision,
    label: label === 0 ? "normal" : item.class && item.class !== "abnormal" ? `abnormal (${item.class})` : "abnormal",
    image: picturePng(finding.prepared),
    views: Object.entries(finding.views).map(([name, view]) => ({ name, picture: picturePng(view) })),
    healthy: finding.healthy && picturePng(finding.healthy),
    map: mapPng(finding.anomalyMap, card),
    outline: mask ? maskOutline(mask, width, height) : null,
  };
}
