/** @file Figures of an evaluation and lines of a run's log, turned into what the report shows. */
import { countItems, type Item } from "@hale/data";
import { type Card, decide, decisionWords, inOrderOfReview } from "@hale/detector";
import type { Interval } from "@hale/statistics";
import type { CountData, IntervalData, ReportData } from "../report/report-data.ts";
import type { VolumeEvaluation } from "./evaluate.ts";

/** An interval, or the reason why there is none. */
export function intervalData({ estimate, low, high, reason }: Interval): IntervalData {
  if (low !== null && high !== null) return { estimate, low, high };
  return { estimate, low: null, high: null, reason: reason ?? "the bootstrap gave none" };
}

/** Images by split, label and class, each with the patients of these very images. */
export function countData(items: readonly Item[]): CountData[] {
  return countItems(items).map((row) => {
    const members = items.filter(
      (item) => item.split === row.split && item.class === row.class && labelOf(item) === row.label,
    );
    const known = members.every(({ patient }) => patient !== null);
    return { ...row, patients: known ? new Set(members.map(({ patient }) => patient)).size : null };
  });
}

const labelOf = ({ label }: Item): string => (label === null ? "unlabelled" : label === 1 ? "abnormal" : "normal");

export function patientsKnown(items: readonly Item[]): "all" | "some" | "none" {
  const known = items.filter(({ patient }) => patient !== null).length;
  return known === 0 ? "none" : known === items.length ? "all" : "some";
}

/**
 * The log of a run as one series for each value. Lines need not hold the same values: networks that take turns are
 * logged in turns, so lines must not be left out before they are told apart.
 */
export function trainingData(
  lines: readonly ({ iteration: number; seconds?: number } & Readonly<Record<string, number>>)[],
  chosen: number,
): ReportData["training"] {
  const series = new Map<string, { iteration: number; value: number }[]>();
  for (const { iteration, seconds: _, ...values } of lines) {
    for (const [name, value] of Object.entries(values)) {
      const points = series.get(name) ?? [];
      series.set(name, points);
      points.push({ iteration, value });
    }
  }
  const selection = [...series].filter(([name]) => name.startsWith("selection/"));
  const points = series.get("selection/pseudoAuc") ?? [];
  for (const [name] of selection) series.delete(name);
  return {
    losses: Array.from(series, ([name, values]) => ({ name, points: values })),
    selection:
      points.length > 0 ? { name: "pseudo-AUC, held-out normals against the unlabelled pool", points, chosen } : null,
  };
}

/** Whole volumes as the report shows them. */
export function volumesData(of: VolumeEvaluation, card: Card): NonNullable<ReportData["volumes"]> {
  const { aggregation, volumes, operating } = of;
  const words = { max: "the highest", mean: "the mean", "top-k": "the mean of the highest" } as const;
  const review = new Set(of.needReview);
  const decisionOf = ({ path, score }: { path: string; score: number }) =>
    review.has(path) ? ("needs review" as const) : decide(score, operating?.threshold ?? null);
  const few = aggregation.kind === "top-k" ? ` ${aggregation.k}` : "";
  return {
    aggregation: words[aggregation.kind] + few,
    normal: of.normals,
    abnormal: of.abnormals,
    clusters: of.clusters.clusters,
    auroc: of.auroc && intervalData(of.auroc),
    averagePrecision: of.averagePrecision && intervalData(of.averagePrecision),
    operating,
    reason: of.reason,
    caution: of.clusters.caution,
    rows: [...volumes]
      .map((volume) => ({ ...volume, decision: decisionOf(volume) }))
      .sort(inOrderOfReview)
      .map(({ decision, path, label, class: kind, score, slices }) => ({
        path,
        label: label === 0 ? "normal" : kind && kind !== "abnormal" ? `abnormal (${kind})` : "abnormal",
        decision: decisionWords(card, decision, true),
        score,
        highest: slices.reduce((a, b) => (b.score > a.score ? b : a)).slice,
        slices,
      })),
  };
}
