/**
 * @file Looks through an ONNX model before it is run: a detector's file may be a stranger's. Its graph is plain: numbers
 * inside the file, no subgraphs (so no loops), no functions, the operators of operators.ts, and no metadata but the card.
 * What is not known to be sound is refused, and what it would take is worked out and bounded before there is a session.
 */
import { HaleError } from "@hale/core";
import { mostImages } from "../batch.ts";
import { corrupt } from "./archive.ts";
import type { Card } from "./card.ts";
import { CARD_KEY, metadataEntry } from "./model-card.ts";
import { type Cost, costOf } from "./model-cost.ts";
import { MAX_MODEL_ARRAY_BYTES, MAX_MODEL_BYTES, MAX_MODEL_CONSTANT_BYTES, MAX_MODEL_STEPS } from "./model-limits.ts";
import { ModelFault, type ReadModel, readModel } from "./onnx-message.ts";

/** Side of the pictures that fill the largest batch. */
const BATCH_SIDE = 1024;
/** Pixels of the largest picture, over all channels. */
const MOST_PIXELS = 2 ** 28;

/**
 * Throws DETECTOR_CORRUPT with the reason unless `model` is a plain ONNX model, and DETECTOR_TOO_COSTLY where it asks for
 * more than any detector needs. `image` is the card's; `name` is the file, for the error.
 */
export function checkModel(model: Uint8Array, image: Card["image"], name: string): void {
  try {
    const read = readModel(model);
    checkMetadata(read);
    for (const [what, pixels] of picturesOf(image)) {
      const cost = costOf(read, pixels);
      const fault = excessOf(cost, model.length);
      if (fault) throw tooCostly(name, `its model ${fault} for ${what}`);
    }
  } catch (cause) {
    if (cause instanceof ModelFault) throw corrupt(name, `its model ${cause.message}`);
    if (cause instanceof RangeError || cause instanceof TypeError)
      throw corrupt(name, "its model cannot be read", cause);
    throw cause;
  }
}

/** The largest batch, and the largest picture: what a model makes grows with both. */
function picturesOf({ size, channels }: Card["image"]): [what: string, pixels: number[]][] {
  const images = mostImages(size);
  const side = Math.floor(Math.sqrt(MOST_PIXELS / channels));
  return [
    [images === 1 ? "one image" : `a batch of ${images} images`, [images, channels, BATCH_SIDE, BATCH_SIDE]],
    ["the largest image", [1, channels, side, side]],
  ];
}

function excessOf({ bytes, largest, steps, constantBytes }: Cost, modelBytes: number): string | null {
  if (largest > MAX_MODEL_ARRAY_BYTES) return `makes an array of ${megabytes(largest)}`;
  if (constantBytes > MAX_MODEL_CONSTANT_BYTES + 4 * modelBytes)
    return `makes ${megabytes(constantBytes)} of weights alone`;
  if (bytes > MAX_MODEL_BYTES) return `makes ${megabytes(bytes)}`;
  return steps > MAX_MODEL_STEPS ? `computes ${steps.toExponential(0)} products` : null;
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** A refusal of a detector that takes more than it may. */
export function tooCostly(name: string, fault: string): HaleError {
  return new HaleError(
    "DETECTOR_TOO_COSTLY",
    `${name} asks for more than a detector may: ${fault}.`,
    "Use a detector from people you trust, or one of smaller images or narrower networks.",
  );
}

function checkMetadata({ metadata }: ReadModel): void {
  const entries = metadata.map(metadataEntry);
  const foreign = entries.find(({ key, odd }) => key !== CARD_KEY || odd);
  if (foreign) throw new ModelFault(`has metadata "${foreign.key.slice(0, 80)}", which detectors do not use`);
  if (entries.length > 1) throw new ModelFault("has two cards");
}
