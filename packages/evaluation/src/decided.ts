/**
 * @file What a threshold does on a test split, by the decisions of the detector. An image that needs review is neither
 * above nor not above: it is in no count, and never passes for a negative.
 */
import { clusterOf, type Item } from "@hale/data";
import type { Finding } from "@hale/detector";
import {
  clusteredIntervals,
  exactProportion,
  type Interval,
  type OperatingPoint,
  operatingPoint,
  type Proportion,
} from "@hale/statistics";

/** An image with its label and what was decided. */
export interface DecidedCase {
  item: Pick<Item, "path" | "class" | "patient" | "group">;
  label: 0 | 1;
  finding: Pick<Finding, "score" | "decision">;
}

export interface ClassRow {
  name: string;
  images: number;
  /** Of this class against all normals. */
  auroc: Interval;
  /** Share above the threshold of those that were decided, with its exact interval; null without a threshold. */
  sensitivity: Proportion | null;
}

export const needsReview = ({ finding }: DecidedCase) => finding.decision === "needs review";

/** Whether the score was compared with a threshold, and the comparison means something. */
const isDecided = ({ finding: { decision } }: DecidedCase) => decision === "above" || decision === "not above";

/** Null where no image was decided. */
export function operatingPointOf(cases: readonly DecidedCase[], threshold: number): OperatingPoint | null {
  const decided = cases.filter(isDecided);
  if (decided.length === 0) return null;
  return operatingPoint(
    decided.map(({ finding }) => finding.score),
    decided.map(({ label }) => label),
    threshold,
    { clusters: decided.map(({ item }) => clusterOf(item)) },
  );
}

/** A row for each kind of abnormality, by name. AUROC is of all images, decided or not. */
export function classRows(
  cases: readonly DecidedCase[],
  { seed, resamples }: { seed: number; resamples: number },
): ClassRow[] {
  const normals = cases.filter(({ label }) => label === 0);
  const names = [...new Set(cases.filter(({ label }) => label === 1).map(({ item }) => item.class))].sort();
  return names.map((name) => {
    const members = cases.filter(({ label, item }) => label === 1 && item.class === name);
    const both = [...normals, ...members];
    const decided = members.filter(isDecided);
    const { intervals } = clusteredIntervals({
      scores: both.map(({ finding }) => finding.score),
      labels: both.map(({ label }) => label),
      clusters: both.map(({ item }) => clusterOf(item)),
      metrics: ["auroc"],
      seed,
      resamples,
    });
    return {
      name: name || "abnormal",
      images: members.length,
      auroc: intervals.auroc,
      sensitivity:
        decided.length === 0
          ? null
          : exactProportion(decided.filter(({ finding }) => finding.decision === "above").length, decided.length),
    };
  });
}
