/**
 * @file From a method's recipe and the weights of a checkpoint to the one ONNX model of a detector: pixels in; score,
 * its parts, anomaly map, healthy counterpart, views and prepared image out. The contract is written down in @hale/detector.
 */
import { emitPreprocessing, input, lower, type NamedArray, SYMBOLIC_BATCH } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { INPUT, OUTPUTS } from "@hale/detector";
import { type ImageShape, inferenceArrays, inferenceOf, type Recipe } from "./method.ts";
import { answersTo } from "./outputs.ts";

/**
 * Serialises the model: input `pixels` [N, C, H, W] in [0, 1], any N, H and W; outputs `score` [N], `map` [N, 1, S, S],
 * `prepared`, the views and, where the method makes one, `healthy` [N, C, S, S] in [-1, 1], the parts of the score [N]. Of
 * `arrays`, a run's state, only what the answers read goes in, as constants, with what the recipe has frozen.
 * Throws CHECKPOINT_MISMATCH where one is missing and NUMERIC_FAILURE where one holds values that are not finite.
 */
export function exportModel(recipe: Recipe, shape: ImageShape, arrays: ReadonlyMap<string, NamedArray>): Uint8Array {
  const { size, channels } = shape;
  const x = input("x", [SYMBOLIC_BATCH, channels, size, size]);
  const constants = inferenceArrays(recipe, arrays);
  for (const [name, { data }] of constants) {
    if (data.every(Number.isFinite)) continue;
    throw new HaleError(
      "NUMERIC_FAILURE",
      `The weights cannot be exported: ${name} holds values that are not numbers.`,
      "Export an earlier checkpoint.",
    );
  }
  const model = lower(
    "detector",
    { ...answersTo(inferenceOf(recipe, arrays), x), [OUTPUTS.prepared]: x },
    { target: "any", constants, provided: new Map([["x", (graph) => emitPreprocessing(graph, INPUT, shape)]]) },
  );
  const missing = model.inputs.filter((name) => name !== INPUT);
  if (missing.length > 0) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The checkpoint does not fit this method and its options: ${missing[0]} is missing.`,
      "Export with the options that the run was started with.",
    );
  }
  return model.bytes;
}
