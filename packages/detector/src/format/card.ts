/**
 * @file The card: all that is known of a detector besides its weights, and so what its scores mean. One zod schema
 * gives the type, the check on reading and on writing, and the words of the errors.
 */
import { HaleError } from "@hale/core";
import type { NormalThreshold } from "@hale/statistics";
import * as z from "zod";
import { domainSchema } from "../domain/record.ts";
import { seenSchema } from "../seen.ts";
import { aggregationSchema, scanInputSchema } from "./input.ts";

/** Version of the card's layout; another one is refused. */
export const CARD_FORMAT = 1;

/** Stands on every card, page and report. */
export const RESEARCH_USE = "Research use only. Not for diagnosis.";

/** Where there is more to read: a file of the source. */
export const INTENDED_USE =
  "A decision compares a score with a threshold that was set on normal images. It is no finding, and no reason to read an image first, later or never. docs/intended-use.md of hale says what clinical use would take, and whose duty that is.";

const text = z.string().max(10_000);
/** zod refuses NaN and the infinities, which JSON can hold as 1e999. */
const number = z.number();
const count = z.int().min(0);
const share = number.min(0).max(1);

const scalar = z.union([number, text, z.boolean(), z.null()]);
const option = z.union([scalar, z.array(scalar)]);

const threshold = z.strictObject({
  /** A score is above the threshold when it is greater. One of `normalScores`. */
  value: number,
  /** The false-alarm rate asked for. */
  falseAlarmRate: share,
  /** Held-out normals used. */
  normals: count.min(1),
  /** The value is the rank-th smallest of their scores. */
  rank: count.min(1),
  /** False-alarm rate averaged over held-out sets. */
  expectedRate: share,
  /** Exact interval, at `level`, of the rate that this threshold really has. */
  low: share,
  high: share,
  level: share,
});

/** What is known of the scores of whole volumes. */
const volume = z.strictObject({
  aggregation: aggregationSchema,
  /** Null when there is none; `thresholdReason` then says why. */
  threshold: threshold.nullable(),
  thresholdReason: text.nullable(),
  /** Scores of held-out normal volumes, ascending. */
  normalScores: z.array(number).max(1_000_000),
});

/** The layout alone; `parseCard` holds its fields to one another too. */
export const cardSchema = z.strictObject({
  format: z.literal(CARD_FORMAT),
  haleVersion: text,
  method: z.strictObject({ name: text, title: text, source: text, options: z.record(text, option) }),
  image: z.strictObject({
    /** Side of the square that images are resized to, in pixels. */
    size: z.int().min(1).max(4096),
    channels: z.union([z.literal(1), z.literal(3)]),
    /** In words, what 0 and 1 stand for in `pixels`. */
    valueRange: text,
  }),
  /** How scans become pictures; missing where the detector was trained on plain pictures. */
  input: scanInputSchema.extend({ volume }).optional(),
  /** How the training images look, so that an image unlike them is told; missing where `domainReason` says why. */
  domain: domainSchema.optional(),
  domainReason: text.optional(),
  /** Hashes of the images that were used, where their owner wanted the card to have them. */
  seen: seenSchema.optional(),
  /** Names of the model's views, in its order. Cards from before there were views lack them. */
  views: z.array(text).max(100).default([]),
  /** Names of the score's parts that the model gives, in its order. Older cards lack them. */
  parts: z.array(text).max(100).default([]),
  /** Whether the model makes of each image what it would be if it were healthy. All of those without this field do. */
  counterpart: z.boolean().default(true),
  /** The frozen network that was looked through, in training or in the model, and on what terms it may be used. */
  backbone: z
    .strictObject({
      name: text,
      origin: text,
      licence: text,
      /** Of the file that its weights came in; missing where it has none. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
      /** Whose features are used. */
      layers: z.array(text).max(1000),
    })
    .optional(),
  dataset: z.strictObject({
    name: text,
    trainNormals: count,
    unlabelled: count,
    selectionNormals: count,
    thresholdNormals: count,
    /** Licence and attribution of the data. */
    licence: text.optional(),
  }),
  training: z.strictObject({
    seed: z.int(),
    iterations: count,
    /** The checkpoint that was exported, by which rule, and the rule's value there. */
    selectedIteration: count,
    selectionRule: text,
    selectionValue: number.nullable(),
    seconds: number.min(0),
    device: text,
    runtimeVersion: text,
  }),
  created: z.iso.datetime(),
  /** Null when there is none; `thresholdReason` then says why. */
  threshold: threshold.nullable(),
  thresholdReason: text.nullable(),
  /** Scores of the threshold's normals, ascending. A new score is ranked among them. */
  normalScores: z.array(number).max(1_000_000),
  /** Quantiles of the pixels of held-out normals' anomaly maps, and the map value of the brightest colour. */
  mapScale: z.strictObject({
    p50: number.min(0),
    p95: number.min(0),
    p99: number.min(0),
    max: number.min(0),
    top: number.positive(),
  }),
  /** A procedural picture's score where the detector was made; see self-check.ts. */
  selfCheck: z.strictObject({
    seed: z.int().min(0).max(0xffffffff),
    /** Width of the picture, in pixels. */
    size: z.int().min(8).max(1024),
    expectedScore: number,
    tolerance: number.positive(),
  }),
  intendedUse: text,
  notice: z.literal(RESEARCH_USE),
});

/** Devices differ in the order of their sums; a wrong one differs by more. */
const ABSOLUTE_TOLERANCE = 1e-4;
const RELATIVE_TOLERANCE = 1e-2;

/** By how much the score of the test picture may differ elsewhere. */
export const selfCheckTolerance = (score: number): number => ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(score);

const consistentCard = cardSchema.superRefine((value, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  const { mapScale: scale, input, selfCheck } = value;
  if (selfCheck.tolerance > 1.001 * selfCheckTolerance(selfCheck.expectedScore))
    refuse("selfCheck", "has a tolerance at which it tells nothing");
  if (scale.p50 > scale.p95 || scale.p95 > scale.p99 || scale.p99 > scale.max) refuse("mapScale", "does not ascend");
  const calls: [string, Pick<typeof value, "threshold" | "thresholdReason" | "normalScores">][] = [["", value]];
  if (input) calls.push(["input.volume.", input.volume]);
  for (const [where, { normalScores: scores, threshold: limit, thresholdReason }] of calls) {
    if (scores.some((score, i) => i > 0 && score < scores[i - 1])) {
      refuse(`${where}normalScores`, "are not in ascending order");
    }
    if ((limit === null) !== (thresholdReason !== null)) {
      refuse(`${where}thresholdReason`, "is needed where there is no threshold, and only there");
    }
    if (limit && (limit.normals !== scores.length || limit.value !== scores[limit.rank - 1])) {
      refuse(`${where}threshold`, "is not the score that its rank names");
    }
  }
});

export type Card = z.infer<typeof cardSchema>;
export type CardThreshold = NonNullable<Card["threshold"]>;

/** The card's form of a threshold. */
export function thresholdForCard(found: NormalThreshold): CardThreshold {
  const { threshold: value, falseAlarmRate, normals, rank, expectedRate, low, high, level } = found;
  return { value, falseAlarmRate, normals, rank, expectedRate, low, high, level };
}

/**
 * Checks a card. Throws DETECTOR_MISMATCH for another format and DETECTOR_CORRUPT naming the field that is wrong;
 * `name` is the file.
 */
export function parseCard(value: unknown, name: string): Card {
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format !== CARD_FORMAT) {
    throw new HaleError(
      "DETECTOR_MISMATCH",
      `The card of ${name} has format ${format}; this version of hale reads ${CARD_FORMAT}.`,
      "Use the version of hale that wrote it.",
    );
  }
  const result = consistentCard.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new HaleError(
    "DETECTOR_CORRUPT",
    `The card of ${name} is not sound: ${[issue.path.join("."), issue.message].filter(Boolean).join(": ")}.`,
    "Export the detector again.",
  );
}
