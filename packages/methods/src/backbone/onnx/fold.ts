/**
 * @file Joins layers that were nodes of their own: factors and summands of channels (batch normalisation) with the
 * convolution before them, activations and margins with the layer that they belong to. Features keep their values, so
 * nothing is joined across one. Sums are of double precision.
 */
import { type Layer, layersFor, marginsOf } from "../description.ts";
import { paddingOf, type Weight } from "./node-reader.ts";

export interface Folded {
  layers: Layer[];
  weights: Map<string, Weight>;
}

/** The layers that `features` hang on, as few as they can be. A joined layer has the id of its last part. */
export function fold(
  drafts: readonly Layer[],
  weights: ReadonlyMap<string, Weight>,
  features: readonly string[],
): Folded {
  const needed = layersFor(drafts, features);
  const readers = new Map<string, number>(features.map((id) => [id, 1]));
  for (const id of needed.flatMap(({ inputs }) => [...inputs])) readers.set(id, (readers.get(id) ?? 0) + 1);
  const own = new Map(weights);
  const made = new Map<string, Layer>();
  for (const draft of needed) {
    const layer = withMargins(draft, made, readers);
    const before = made.get(layer.inputs[0]);
    const alone = before !== undefined && readers.get(before.id) === 1;
    const joined = (alone && (scaled(before, layer, own) ?? activated(before, layer))) || layer;
    if (joined !== layer) made.delete(before!.id);
    made.set(joined.id, joined);
  }
  return { layers: layersFor([...made.values()], features), weights: own };
}

/** A convolution that pads by itself what a layer before it padded. */
function withMargins(layer: Layer, made: ReadonlyMap<string, Layer>, readers: Map<string, number>): Layer {
  const before = made.get(layer.inputs[0]);
  if ((layer.op !== "conv" && layer.op !== "depthwise") || before?.op !== "pad" || layer.padding === "same")
    return layer;
  const source = before.inputs[0];
  readers.set(before.id, readers.get(before.id)! - 1);
  readers.set(source, (readers.get(source) ?? 0) + 1);
  const padding = marginsOf(layer.padding).map((pixels, i) => pixels + before.padding[i]);
  return { ...layer, inputs: [source], padding: paddingOf(padding) };
}

/** A linear convolution and a layer that scales its channels, as one; null where they are others. */
function scaled(before: Layer, layer: Layer, weights: Map<string, Weight>): Layer | null {
  if (before.op !== "conv" && before.op !== "depthwise") return null;
  const scales = layer.op === "depthwise" && layer.kernel === 1 && layer.stride === 1 && layer.padding === 0;
  if (!scales || before.activation !== "linear") return null;
  const [weight, factors] = [weights.get(before.weight)!, weights.get(layer.weight)!.data];
  const bias = before.bias === undefined ? null : weights.get(before.bias)!.data;
  const summands = layer.bias === undefined ? null : weights.get(layer.bias)!.data;
  const each = weight.data.length / factors.length;
  weights.set(layer.weight, {
    shape: weight.shape,
    data: Float64Array.from(weight.data, (value, i) => value * factors[Math.floor(i / each)]),
  });
  const name = layer.bias ?? `${layer.weight}/bias`;
  weights.set(name, {
    shape: [factors.length],
    data: Float64Array.from(factors, (factor, i) => (bias?.[i] ?? 0) * factor + (summands?.[i] ?? 0)),
  });
  return { ...before, id: layer.id, weight: layer.weight, bias: name, activation: layer.activation };
}

/** A layer and the activation behind it, as one; null where they are others. */
function activated(before: Layer, layer: Layer): Layer | null {
  if (layer.op !== "activate" || !("activation" in before) || before.activation !== "linear") return null;
  return { ...before, id: layer.id, activation: layer.activation };
}
