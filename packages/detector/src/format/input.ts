/**
 * @file The part of a card that says how scans (DICOM, NIfTI) become the pictures that the detector knows, and how the
 * scores of a volume's slices become one. Cards of detectors that were trained on plain pictures lack it.
 */
import type { ScanInput } from "@hale/imaging";
import * as z from "zod";

const finite = z.number();
const share = finite.min(0).max(1);

const normalisation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("full-scale") }),
  z.strictObject({ kind: z.literal("window"), center: finite, width: finite.min(1) }),
  z.strictObject({ kind: z.literal("file") }),
  z.strictObject({
    kind: z.literal("percentile"),
    low: finite.min(0).max(100),
    high: finite.min(0).max(100),
    per: z.enum(["slice", "volume"]),
    foreground: z.boolean(),
  }),
]);

/** `ScanInput` of @hale/imaging, checked. */
export const scanInputSchema = z.strictObject({
  normalisation,
  slices: z.strictObject({
    axis: z.enum(["axial", "coronal", "sagittal", "stored"]),
    unit: z.enum(["index", "share"]),
    from: finite.min(0),
    to: finite.min(0),
  }),
  leastForeground: share,
  crop: z.strictObject({ margin: finite.min(0) }).nullable(),
  square: z.boolean(),
}) satisfies z.ZodType<ScanInput>;

export const aggregationSchema = z.discriminatedUnion("kind", [
  /** The highest score of any slice. */
  z.strictObject({ kind: z.literal("max") }),
  /** The mean of all slices' scores. */
  z.strictObject({ kind: z.literal("mean") }),
  /** The mean of the k highest, or of all where there are fewer. */
  z.strictObject({ kind: z.literal("top-k"), k: z.int().min(1).max(10_000) }),
]);

/** How the scores of a volume's slices become one. */
export type Aggregation = z.infer<typeof aggregationSchema>;

/** The volume's score of its slices' scores (at least one). */
export function aggregateScores(scores: readonly number[], aggregation: Aggregation): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  switch (aggregation.kind) {
    case "max":
      return scores.reduce((a, b) => Math.max(a, b));
    case "mean":
      return mean(scores);
    case "top-k":
      return mean([...scores].sort((a, b) => b - a).slice(0, aggregation.k));
  }
}

/** "max", "mean" or "top-k:5". */
export function aggregationName(aggregation: Aggregation): string {
  return aggregation.kind === "top-k" ? `top-k:${aggregation.k}` : aggregation.kind;
}
