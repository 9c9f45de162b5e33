/**
 * @file A detector beside the controls on the same test images: paired differences of AUROC, by patient or group, corrected for how
 * many they are. What is said of them is left to command and report.
 */
import type { ControlName, ControlResult } from "@hale/data";
import { holm, type Interval, pairedDifference } from "@hale/statistics";

/** Level at which a corrected p-value counts. */
const LEVEL = 0.05;

export interface Comparison {
  control: ControlName;
  /** AUROC of the detector less that of the control, with its interval. */
  difference: Interval;
  /** Two-sided, after Holm over all comparisons of the detector; null without an interval. */
  pValue: number | null;
  /** `above` or `below` only where the interval leaves 0 out and the corrected p-value is below 0.05. */
  verdict: "above" | "below" | "undecided";
}

export interface ComparisonOptions {
  /** Of the detector, one for each image. */
  scores: readonly number[];
  labels: readonly (0 | 1)[];
  clusters: readonly string[];
  /** On the same images in the same order. */
  controls: readonly ControlResult[];
  seed: number;
  resamples: number;
}

/** One row for each control; the same resamples serve detector and control. */
export function compareWithControls({
  controls,
  scores,
  labels,
  clusters,
  seed,
  resamples,
}: ComparisonOptions): Comparison[] {
  const differences = controls.map((control) =>
    pairedDifference({ first: scores, second: control.scores, labels, clusters, metric: "auroc", seed, resamples }),
  );
  const known = differences.flatMap(({ pValue }) => (pValue === null ? [] : [pValue]));
  const corrected = holm(known);
  return differences.map(({ difference, pValue: own }, i) => {
    const pValue = own === null ? null : corrected[differences.slice(0, i).filter((d) => d.pValue !== null).length];
    return { control: controls[i].name, difference, pValue, verdict: verdictOf(difference, pValue) };
  });
}

function verdictOf({ low, high }: Interval, pValue: number | null): Comparison["verdict"] {
  if (low === null || high === null || pValue === null || pValue >= LEVEL) return "undecided";
  return low > 0 ? "above" : high < 0 ? "below" : "undecided";
}
