/**
 * @file A report on phantoms with made-up scores, for tests and for looking at: nothing in it was measured, and it
 * carries that in its title.
 */

import { LESION_KINDS, type PhantomItem, phantom, phantomSet } from "@hale/data";
import { colourMap, encodePng, infernoTable } from "@hale/imaging";
import { proxyImage } from "@hale/methods";
import {
  auroc,
  averagePrecision,
  confusionCounts,
  exactProportion,
  prCurve,
  rocCurve,
  thresholdFromNormals,
} from "@hale/statistics";
import { randomStream } from "../../../data/src/phantoms/random.ts";
import { maskOutline } from "./mask-outline.ts";
import type { CaseData, ComparedData, IntervalData, ReportData } from "./report-data.ts";

const SIZE = 64;
const MAP_SCALE = 0.4;

interface Scored extends PhantomItem {
  score: number;
}

const words = (above: boolean): string => `${above ? "" : "not "}above the threshold (5 % false alarms)`;

/** A control that the method is better than. */
const better = (): ComparedData => ({ difference: around(0.2, 0.08), pValue: 0.004, verdict: "above" });

const around = (estimate: number, spread = 0.04): IntervalData => ({
  estimate,
  low: Math.max(0, estimate - spread),
  high: Math.min(1, estimate + spread * 0.8),
});

/** A case whose healthy counterpart is another exposure of the phantom, lesion smoothed away by hand; with a proxy. */
function caseOf(item: Scored, threshold: number): CaseData {
  const grey = (data: Uint8Array) => encodePng({ width: SIZE, height: SIZE, channels: 1, maxValue: 255, data });
  const restored = item.image.map((value, i) => (item.mask[i] ? Math.round(120 + 0.15 * (value - 120)) : value));
  const map = Float32Array.from(item.image, (v, i) => Math.abs(v - restored[i]) / 255 + 0.02 * ((i * 7919) % 5));
  const shape = { width: SIZE, height: SIZE, channels: 1 } as const;
  const proxy = proxyImage(
    "superpixel",
    Float32Array.from(restored, (v) => v / 255),
    shape,
    { segments: 100 },
  );
  const label = ["normal", "abnormal"][item.label ?? 0];
  return {
    path: `images/${item.name}.png`,
    score: item.score,
    decision: words(item.score > threshold),
    label: item.label === 1 ? `${label} (${item.class})` : label,
    image: grey(item.image),
    views: [{ name: "proxy", picture: grey(Uint8Array.from(proxy, (v) => Math.round(255 * v))) }],
    healthy: grey(restored),
    map: encodePng(colourMap(map, SIZE, SIZE, MAP_SCALE)),
    outline: item.label === 1 ? maskOutline(item.mask, SIZE, SIZE) : null,
  };
}

/** Test phantoms with scores drawn at random: abnormal ones higher, with overlap. */
function scoredPhantoms(seed: number, testNormal: number, testAbnormal: number): Scored[] {
  const counts = { trainNormal: 0, unlabelled: 0, valNormal: 0, testNormal, testAbnormal };
  const random = randomStream(seed, "scores");
  return phantomSet({ seed, size: SIZE, counts }).map((item) => ({
    ...item,
    score: 0.012 * Math.exp(0.28 * random.normal() + (item.label === 1 ? 0.75 : 0)),
  }));
}

function legendStops(): string[] {
  const table = infernoTable();
  return Array.from({ length: 17 }, (_, i) => {
    const k = Math.min(255, i * 16) * 3;
    return `rgb(${table[k]}, ${table[k + 1]}, ${table[k + 2]})`;
  });
}

function trainingCurves(seed: number): ReportData["training"] {
  const random = randomStream(seed, "curves");
  const shapes = {
    critic: (i: number) => -2 * Math.exp(-i / 400) + 0.2 * random.normal(),
    generator: (i: number) => 0.6 + 0.3 * Math.exp(-i / 200) + 0.06 * random.normal(),
    identity: (i: number) => 0.02 + 0.2 * Math.exp(-i / 120) + 0.004 * random.normal(),
    restoration: (i: number) => 0.003 + 0.05 * Math.exp(-i / 150) + 0.0006 * random.normal(),
  };
  const losses = Object.entries(shapes).map(([name, at]) => ({
    name,
    points: Array.from({ length: 1500 }, (_, i) => ({ iteration: i + 1, value: at(i) })),
  }));
  const points = Array.from({ length: 15 }, (_, i) => ({
    iteration: (i + 1) * 100,
    value: 0.5 + 0.24 * (1 - Math.exp(-i / 4)) + 0.012 * random.normal(),
  }));
  const chosen = points.reduce((a, b) => (b.value > a.value ? b : a)).iteration;
  return { losses, selection: { name: "Pseudo-AUC: held-out normals against unlabelled images", points, chosen } };
}

/** The whole report; every part present. */
export function reportFixture(seed = 1, normal = 60, abnormal = 60): ReportData {
  const items = scoredPhantoms(seed, normal, abnormal);
  const scores = items.map((item) => item.score);
  const labels = items.map((item) => item.label as 0 | 1);
  const of = (label: 0 | 1) => items.filter((item) => item.label === label);
  const random = randomStream(seed, "held-out");
  const held = Array.from({ length: 100 }, () => 0.012 * Math.exp(0.28 * random.normal()));
  const limit = thresholdFromNormals(held, 0.05);
  const { threshold } = limit;
  const counts = confusionCounts(scores, labels, threshold);
  const ranked = [...items].sort((a, b) => b.score - a.score);
  const cases = (list: readonly Scored[]) => list.map((item) => caseOf(item, threshold));
  const misses = of(1).filter((item) => item.score <= threshold);
  const falseAlarms = of(0).filter((item) => item.score > threshold);
  return {
    title: "Phantom heads (made-up scores)",
    created: "2026-01-31",
    counterpart: true,
    provenance: {
      method: "ProxyAno",
      variant: "width 8",
      dataset: "phantoms",
      counts: [
        { split: "train", label: "normal", class: "normal", images: 300, patients: 150 },
        { split: "train", label: "unlabelled", class: "", images: 300, patients: 150 },
        { split: "val", label: "normal", class: "normal", images: 100, patients: 50 },
        { split: "test", label: "normal", class: "normal", images: normal, patients: Math.ceil(normal / 2) },
        { split: "test", label: "abnormal", class: "bright, dark, texture", images: abnormal, patients: 30 },
      ],
      imageSize: "64 × 64 pixels, grey",
      seed,
      learnt: "1500 iterations",
      seconds: 132,
      device: "CPU, 2 threads",
      versions: [
        { name: "hale", version: "0.1.0" },
        { name: "onnxruntime-node", version: "1.30.0" },
      ],
      checkpoint: "iteration 1400 of 1500",
      selectionRule: "highest pseudo-AUC on held-out normals against the unlabelled images; test images had no say",
      commands: [
        "hale phantoms data --seed 1",
        "hale train data --method proxyano --preset tiny --out run",
        "hale report run",
      ],
    },
    audit: {
      warnings: ["12 images are larger than the others and were reduced."],
      leaks: [],
      nearCopies: true,
      patientsKnown: "all",
      seen: {
        text: "None of the test images is among the 40 images that the detector was made with.",
        warns: false,
        images: [],
      },
      skipped: [{ path: "images/broken.png", reason: "The file ends in the middle of its pixels." }],
      controlsOn: `the ${items.length} labelled test images`,
      suspiciousAuroc: 0.7,
      controls: [
        { name: "brightness", meaning: "abnormal images are darker", auroc: around(0.53, 0.08), compared: better() },
        {
          name: "mean-image",
          meaning: "abnormal images are farther from the average",
          auroc: around(0.58, 0.08),
          compared: better(),
        },
        { name: "blur", meaning: "abnormal images are sharper", auroc: around(0.55, 0.08), compared: better() },
        {
          name: "pca",
          meaning: "abnormal images fit 16 principal components worse",
          auroc: around(0.64, 0.08),
          compared: better(),
        },
      ],
    },
    headline: {
      auroc: around(auroc(scores, labels)),
      averagePrecision: around(averagePrecision(scores, labels)),
      level: 0.95,
      normal,
      abnormal,
      clusters: new Set(items.map((item) => item.patient)).size,
      clusterName: "patients",
    },
    operatingPoint: {
      threshold,
      falseAlarmRate: limit.falseAlarmRate,
      normals: limit.normals,
      low: limit.low,
      high: limit.high,
      counts,
      sensitivity: exactProportion(counts.truePositive, abnormal),
      specificity: exactProportion(counts.trueNegative, normal),
      needsReview: 0,
      caution: null,
    },
    curves: {
      roc: rocCurve(scores, labels).map((p) => ({ x: p.falsePositiveRate, y: p.truePositiveRate })),
      pr: prCurve(scores, labels).map((p) => ({ x: p.recall, y: p.precision })),
    },
    scores: { normal: of(0).map((item) => item.score), abnormal: of(1).map((item) => item.score) },
    training: trainingCurves(seed),
    classes: LESION_KINDS.map((name) => {
      const kind = of(1).filter((item) => item.class === name);
      const both = [...of(0), ...kind];
      const area = auroc(
        both.map((item) => item.score),
        both.map((item) => item.label as 0 | 1),
      );
      const found = kind.filter((item) => item.score > threshold).length;
      return { name, images: kind.length, auroc: around(area), sensitivity: exactProportion(found, kind.length) };
    }),
    parts: ["image", "cycle"].map((name, i) => ({ name, auroc: around(0.8 + i / 20) })),
    pixels: {
      masked: abnormal,
      normals: normal,
      unmasked: 0,
      auroc: 0.961,
      averagePrecision: 0.62,
      bestDice: 0.6,
      aupro: 0.81,
      auproLimit: 0.3,
    },
    volumes: {
      aggregation: "the highest",
      normal: 12,
      abnormal: 12,
      clusters: 24,
      auroc: around(0.83),
      averagePrecision: around(0.8),
      operating: null,
      reason: "Too few volumes.",
      caution: "Few volumes.",
      rows: ["a.nii.gz", "b.nii.gz"].map((path, i) => ({
        path,
        label: i === 0 ? "abnormal (bright)" : "normal",
        decision: i === 0 ? words(true) : null,
        score: 0.02 - 0.01 * i,
        highest: 3,
        slices: [0.01, 0.015, 0.012, 0.02 - 0.01 * i].map((score, k) => ({ score, marked: i === 0 && k > 1 })),
      })),
    },
    legend: { maximum: MAP_SCALE, origin: "the 99.5th percentile over 100 held-out normals", stops: legendStops() },
    cases: {
      mostAbnormal: cases(ranked.slice(0, 6)),
      leastAbnormal: cases(ranked.slice(-6).reverse()),
      needsReview: { total: 0, shown: [] },
      falseAlarms: { total: falseAlarms.length, shown: cases(falseAlarms.slice(0, 6)) },
      misses: { total: misses.length, shown: cases(misses.slice(0, 6)) },
    },
    images: ranked.map((item) => {
      const above = item.score > threshold;
      const wrong = item.label === 1 ? "miss" : "false alarm";
      return {
        path: `images/${item.name}.png`,
        label: item.label === 1 ? "abnormal" : "normal",
        class: item.label === 1 ? item.class : "",
        score: item.score,
        pValue: (1 + held.filter((score) => score >= item.score).length) / (1 + held.length),
        decision: words(above),
        reason: null,
        verdict: above === (item.label === 1) ? "right" : wrong,
      };
    }),
  };
}

/** The same with every part missing that may be. */
export function bareReport(): ReportData {
  const full = reportFixture(2, 4, 3);
  const none = (estimate: number): IntervalData => ({
    estimate,
    low: null,
    high: null,
    reason: "fewer than 10 clusters",
  });
  const { image } = phantom(1, { size: SIZE });
  const png = encodePng({ width: SIZE, height: SIZE, channels: 1, maxValue: 255, data: image });
  return {
    ...full,
    provenance: { ...full.provenance, commands: [], counts: [], versions: [] },
    audit: { ...full.audit, warnings: [], leaks: null, skipped: [], controls: null },
    headline: { ...full.headline, auroc: none(0.8), averagePrecision: null },
    operatingPoint: null,
    curves: null,
    scores: { normal: [], abnormal: [] },
    training: { losses: [], selection: null },
    classes: [],
    parts: [],
    pixels: null,
    images: [],
    cases: {
      mostAbnormal: [
        {
          path: "a.png",
          score: 0.1,
          decision: null,
          label: "unlabelled",
          image: png,
          views: [],
          healthy: png,
          map: png,
        },
      ],
      leastAbnormal: [],
      needsReview: { total: 0, shown: [] },
      falseAlarms: { total: 0, shown: [] },
      misses: { total: 0, shown: [] },
    },
  };
}
