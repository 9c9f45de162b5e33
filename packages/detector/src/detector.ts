/**
 * @file The trained artefact at work: a file's bytes become a `Detector`, and an image becomes a `Finding`.
 */
import { HaleError } from "@hale/core";
import type { Raster } from "@hale/imaging";
import type { Device } from "@hale/runtime";
import { type Decision, decide } from "./decision.ts";
import { type DomainFinding, domainCheck } from "./domain/check.ts";
import { type Description, describe } from "./domain/description.ts";
import type { Card } from "./format/card.ts";
import { unpackDetector } from "./format/package.ts";
import { DetectorModel, type Examination, type Scores } from "./model.ts";
import { selfCheckRaster } from "./self-check.ts";

/** What a score means beside those of held-out normals. */
export interface Call {
  /**
   * Conformal p-value among the n held-out normals, (1 + number with a score at least as high) / (n + 1): small for an
   * image unlike them. Null where the card has no normal scores.
   */
  pValue: number | null;
  /** Whether the score is above the threshold, or "needs review" for an image outside the domain; null without a threshold. */
  decision: Decision | null;
  threshold: number | null;
  /** Whether the image is like the training images; null where the card does not say how those look. */
  domain: DomainFinding | null;
}

/** What a detector says of one image. Never holds NaN. */
export interface Finding extends Examination, Call {}

/** The same without pictures. */
export interface Verdict extends Scores, Call {}

/** Each has weights and activations of its own; one reader of files feeds no more of them with small images. */
const MOST_THREADS = 8;

export class Detector {
  private readonly domainOf: ((description: Description) => DomainFinding) | null;

  private constructor(
    readonly card: Card,
    private readonly model: DetectorModel,
  ) {
    this.domainOf = card.domain ? domainCheck(card.domain) : null;
  }

  /**
   * Unpacks a `.hale` file's bytes, compiles the model and lets it prove itself on the card's test picture. Throws
   * DETECTOR_CORRUPT or DETECTOR_MISMATCH for the file, DEVICE_UNAVAILABLE for a device that computes wrongly.
   * `name` is the file, for errors.
   */
  static async load(bytes: Uint8Array, device: Device, name = "The detector"): Promise<Detector> {
    const { model: onnx, card } = await unpackDetector(bytes, name);
    const model = await DetectorModel.open(onnx, card.image, device, name);
    try {
      checkNames("views", model, card, name);
      checkNames("parts", model, card, name);
      checkCounterpart(model, card, name);
      await proveItself(model, card, name);
    } catch (error) {
      await model.release();
      throw error;
    }
    return new Detector(card, model);
  }

  /** Batches that can be examined at the same time. */
  get parallel(): number {
    return this.model.parallel;
  }

  /**
   * Gets ready for many images: from now on `count` batches are examined at the same time (one for each of the device's
   * threads unless given), where the device has threads for that.
   */
  async openThreads(count = Math.min(this.model.device.threads, MOST_THREADS)): Promise<void> {
    await this.model.openThreads(count);
  }

  /** Examines one image of any size; images may be given before the last is done. Throws what `DetectorModel.run` does. */
  async examine(raster: Raster): Promise<Finding> {
    return (await this.examineBatch([raster]))[0];
  }

  /** Examines images of one size together: a finding each, which does not depend on the others. */
  async examineBatch(rasters: readonly Raster[]): Promise<Finding[]> {
    const examinations = await this.model.runBatch(rasters);
    return examinations.map((examination, i) => ({ ...examination, ...this.callOf(examination.score, rasters[i]) }));
  }

  /** The same without the pictures, which are then not made. */
  async score(rasters: readonly Raster[]): Promise<Verdict[]> {
    const scores = await this.model.scoreBatch(rasters);
    return scores.map((one, i) => ({ ...one, ...this.callOf(one.score, rasters[i]) }));
  }

  private callOf(score: number, raster: Raster): Call {
    const threshold = this.card.threshold?.value ?? null;
    const domain = this.domainOf?.(describe(raster)) ?? null;
    return {
      pValue: conformalPValue(score, this.card.normalScores),
      decision: decide(score, threshold, domain),
      threshold,
      domain,
    };
  }

  /** Frees the device's memory. */
  release(): Promise<void> {
    return this.model.release();
  }
}

/**
 * (1 + #{normal scores ≥ score}) / (n + 1), or null for none. `normalScores` ascending. Source: Vovk, Gammerman and
 * Shafer, "Algorithmic Learning in a Random World" (2005), section 2.2.
 */
export function conformalPValue(score: number, normalScores: readonly number[]): number | null {
  const n = normalScores.length;
  if (n === 0) return null;
  // The first of the scores that are at least as high.
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (normalScores[middle] >= score) high = middle;
    else low = middle + 1;
  }
  return (1 + n - low) / (n + 1);
}

/** That the model gives the outputs of a kind which the card promises. */
function checkNames(kind: "views" | "parts", model: DetectorModel, card: Card, name: string): void {
  const [given, promised] = [model[kind], card[kind]];
  if (given.length === promised.length && given.every((one, i) => one === promised[i])) return;
  const list = (names: readonly string[]) => (names.length > 0 ? `the ${kind} ${names.join(", ")}` : `no ${kind}`);
  throw new HaleError(
    "DETECTOR_MISMATCH",
    `The model of ${name} gives ${list(given)} where its card promises ${list(promised)}.`,
    "Export the detector again.",
  );
}

/** That the model gives a healthy counterpart if its card says so, and only then. */
function checkCounterpart(model: DetectorModel, card: Card, name: string): void {
  if (model.counterpart === card.counterpart) return;
  const words = (has: boolean) => (has ? "a healthy counterpart" : "no healthy counterpart");
  throw new HaleError(
    "DETECTOR_MISMATCH",
    `The model of ${name} gives ${words(model.counterpart)} where its card promises ${words(card.counterpart)}.`,
    "Export the detector again.",
  );
}

async function proveItself(model: DetectorModel, { selfCheck, image }: Card, name: string): Promise<void> {
  const { seed, size, expectedScore, tolerance } = selfCheck;
  let fault: string;
  let cause: unknown;
  try {
    const { score } = await model.run(selfCheckRaster(seed, size, image.channels));
    if (Math.abs(score - expectedScore) <= tolerance) return;
    fault = `${name} scores its test picture ${score} here instead of ${expectedScore}`;
  } catch (error) {
    if (error instanceof HaleError && !["NUMERIC_FAILURE", "SHAPE_MISMATCH"].includes(error.code)) throw error;
    fault = `${name} cannot score its test picture here`;
    cause = error;
  }
  if (model.device.kind === "webgpu") {
    throw new HaleError("DEVICE_UNAVAILABLE", `${fault}: this GPU computes wrongly.`, "Use the CPU.", {
      cause,
      setting: "device",
    });
  }
  throw new HaleError("DETECTOR_MISMATCH", `${fault}: card and model do not belong together.`, "Export it again.", {
    cause,
  });
}
