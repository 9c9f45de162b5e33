/**
 * @file The options that say how scans (NIfTI, DICOM) become images, the same for every command that has them.
 */

import { HaleError } from "@hale/core";
import { type AskedInput, type DatasetInput, parseNormalisation, parseSlices } from "@hale/data";
import type { Aggregation } from "@hale/detector";
import { formatNormalisation, formatSlices } from "@hale/imaging";
import { type Command, InvalidArgumentError } from "commander";
import { rate } from "./options.ts";

/** What commander makes of them. */
export interface ScanOptions {
  normalise?: ReturnType<typeof parseNormalisation>;
  slices?: ReturnType<typeof parseSlices>;
  skipEmpty?: number | true;
  crop?: number | true;
  square?: boolean;
  unmarkedNormal?: boolean;
}

/** Share of foreground below which `--skip-empty` skips a slice, and margin of `--crop` in millimetres. */
const LEAST_FOREGROUND = 0.05;
const MARGIN = 5;

/** The sentence of a refusal is commander's to print. */
function asArgument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof HaleError) throw new InvalidArgumentError(`${error.fault} ${error.remedy}`);
      throw error;
    }
  };
}

function length(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < 1000)) {
    throw new InvalidArgumentError("It must be a length in millimetres, from 0 to below 1000.");
  }
  return value;
}

export function aggregation(text: string): Aggregation {
  if (text === "max" || text === "mean") return { kind: text };
  const k = Number(/^top-k:(\d{1,4})$/.exec(text)?.[1]);
  if (k >= 1) return { kind: "top-k", k };
  throw new InvalidArgumentError("It must be max, mean or top-k:<number>, for example top-k:5.");
}

/**
 * Adds the options that make images of scans. Without a detector their defaults are those of training; scoring reads scans
 * as the detector's card says, and reads no masks.
 */
export function addScanOptions(command: Command, defaults: "of-training" | "of-detector"): Command {
  const training = defaults === "of-training";
  const ofDetector = "as the detector's card says";
  command
    .option(
      "--normalise <way>",
      `scans: window:<centre>,<width>, percentile:<low>-<high>[/slice][/foreground], file or full-scale (default: ${training ? "by the first scan" : ofDetector})`,
      asArgument(parseNormalisation),
    )
    .option(
      "--slices <axis:range>",
      `scans: which slices, for example axial:0.2-0.8 (shares), coronal:40-120 (numbers), stored (default: ${training ? "axial" : ofDetector})`,
      asArgument(parseSlices),
    )
    .option("--skip-empty [share]", `scans: skip slices with less foreground (${LEAST_FOREGROUND})`, rate)
    .option("--crop [mm]", `scans: cut to the patient, with this margin (${MARGIN})`, length)
    .option("--no-square", "scans: do not pad to squares in millimetres");
  return !training
    ? command
    : command.option(
        "--unmarked-normal",
        "scans: slices of abnormal volumes without a mark in their mask count as normal",
      );
}

/** Only what was asked for. */
export function askedInput(options: ScanOptions): AskedInput {
  const { normalise, slices, skipEmpty, crop, square, unmarkedNormal } = options;
  return {
    ...(normalise && { normalisation: normalise }),
    ...(slices && { slices }),
    ...(skipEmpty !== undefined && { leastForeground: skipEmpty === true ? LEAST_FOREGROUND : skipEmpty }),
    ...(crop !== undefined && { crop: { margin: crop === true ? MARGIN : crop } }),
    ...(square === false && { square }),
    ...(unmarkedNormal && { unmarked: "normal" as const }),
  };
}

/** Throws OPTION_INVALID where options for scans are given and there are none. */
export function refuseWithoutScans(asked: AskedInput, data: string): void {
  if (Object.keys(asked).length === 0) return;
  throw new HaleError(
    "OPTION_INVALID",
    `${data} holds plain pictures, which options such as --normalise and --slices do not concern.`,
    "Leave them out.",
  );
}

/** The flags that ask for these settings. */
export function formatInput(input: DatasetInput): string {
  return [
    `--normalise ${formatNormalisation(input.normalisation)}`,
    `--slices ${formatSlices(input.slices)}`,
    input.leastForeground > 0 && `--skip-empty ${input.leastForeground}`,
    input.crop && `--crop ${input.crop.margin}`,
    !input.square && "--no-square",
    input.unmarked === "normal" && "--unmarked-normal",
  ]
    .filter(Boolean)
    .join(" ");
}
