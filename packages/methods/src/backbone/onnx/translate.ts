/**
 * @file From the nodes of an ONNX model to layers of a backbone, one or more a node and nothing joined yet. A node that no
 * layer can stand for is no error until a feature hangs on it, since classifiers often have such.
 */
import { constant, input, type Tensor } from "@hale/autodiff";
import { type Channels, channelsOf, type Layer, PICTURE } from "../description.ts";
import { applyLayer } from "../layers.ts";
import type { OnnxModel, OnnxNode } from "./model.ts";
import { namesOf, type Place, placeOf } from "./names.ts";
import { type LayerValue, NodeReader, singleOf, Unsupported, type Value, type Weight } from "./node-reader.ts";
import { RULES } from "./rules.ts";

/** Rows and columns that any layer may have, and the pixels of all layers together: bounds for what is not trusted. */
const MOST_ROWS = 4096;
const MOST_PIXELS = 2 ** 26;
/** Of all weights together. */
const MOST_WEIGHTS = 2 ** 28;

/** Ends the translation; other faults end that of a node. */
class TooLarge extends RangeError {}

/** A layer with what is known of it at the size of image that was asked for. */
export interface Draft {
  layer: Layer;
  node: OnnxNode;
  channels: Channels;
  /** Channels, rows and columns. */
  shape: readonly number[];
}

/** A node as a user may know it. */
export interface Row {
  /** A name that a layer may have; each row has another one. */
  name: string;
  node: OnnxNode;
  place: Place;
  /** What it came to; a constant is no row. */
  value: LayerValue | { kind: "missing"; reason: string };
}

export interface Translation {
  drafts: readonly Draft[];
  weights: ReadonlyMap<string, Weight>;
  /** In order of work, without constants. */
  rows: readonly Row[];
  /** Every value of the model by name. */
  values: ReadonlyMap<string, Value>;
  /** Slope of the leaky activation, where there is one. */
  leakySlope: number | undefined;
}

/**
 * Translates all nodes for images [1, 3, size, size] of the model's input `picture`. Throws RangeError for a model that is
 * too large.
 */
export function translate(model: OnnxModel, picture: string, size: number): Translation {
  const image = input("image", [1, 3, size, size]);
  const tensors = new Map<string, Tensor>([[PICTURE, image]]);
  const channels = new Map<string, Channels>([[PICTURE, { count: 3, form: "planes" }]]);
  const values = new Map<string, Value>(
    [...model.tensors].map(([name, tensor]) => [name, { kind: "constant", tensor } as const]),
  );
  values.set(picture, { kind: "layer", id: PICTURE, channels: channels.get(PICTURE)!, tensor: image, rank: 4 });
  const drafts: Draft[] = [];
  const weights = new Map<string, Weight>();
  const budget = { pixels: 0, weights: 0 };
  const slopes = new Set<number>();

  const apply = (node: OnnxNode): Value => {
    const reader = new NodeReader(node, model.opset, values, {
      weight(weight) {
        budget.weights += weight.data.length;
        if (budget.weights > MOST_WEIGHTS) throw new TooLarge(`it has over ${MOST_WEIGHTS} weights`);
        const name = `w${weights.size}`;
        weights.set(name, weight);
        return name;
      },
      layer(made) {
        const layer = { ...made, id: `n${drafts.length}` } as Layer;
        const own = singles(layer, weights);
        const read = layer.inputs.map((name) => channels.get(name)!);
        const found = channelsOf(layer, read, own);
        const tensor = applyLayer(
          layer,
          layer.inputs.map((name) => tensors.get(name)!),
          (name) => constant(own.get(name)!.data, own.get(name)!.shape),
          [...slopes][0] ?? 0,
        );
        const [rows, columns] = tensor.shape.slice(2);
        budget.pixels += rows * columns;
        if (Math.max(rows, columns) > MOST_ROWS || budget.pixels > MOST_PIXELS)
          throw new TooLarge("its layers have too many rows and columns");
        tensors.set(layer.id, tensor);
        channels.set(layer.id, found);
        drafts.push({ layer, node, channels: found, shape: tensor.shape.slice(1) });
        return { kind: "layer", id: layer.id, channels: found, tensor, rank: 4 };
      },
    });
    const rule = node.domain === "" || node.domain === "ai.onnx" ? RULES[node.op] : undefined;
    if (!rule || !Object.hasOwn(RULES, node.op)) throw new Unsupported("is of an op that backbones do not have");
    const made = rule(reader);
    if (node.op !== "LeakyRelu") return made;
    const slope = reader.float("alpha", 0.01);
    if (slopes.size > 0 && !slopes.has(slope)) throw new Unsupported("has another slope than those before");
    slopes.add(slope);
    return made;
  };

  const found: Omit<Row, "name">[] = [];
  for (const node of model.nodes) {
    if (node.outputs.some((name) => name !== "" && values.has(name)))
      throw new RangeError(`two nodes make ${node.outputs.find((name) => values.has(name))}`);
    const before = drafts.length;
    let value: Value;
    try {
      value = apply(node);
    } catch (cause) {
      value = { kind: "missing", reason: reasonOf(node, cause, values) };
      drafts.splice(before);
    }
    if (node.outputs[0]) values.set(node.outputs[0], value);
    for (const other of node.outputs.slice(1))
      if (other !== "")
        values.set(other, { kind: "missing", reason: `the output ${other} of ${calledBy(node)} is not made` });
    if (value.kind !== "constant") found.push({ node, place: placeOf(node), value });
  }
  const names = namesOf(found.map(({ place }) => place));
  const rows = found.map((row, i) => ({ ...row, name: names[i] }));
  return { drafts, weights, rows, values, leakySlope: [...slopes][0] };
}

/** The weights of one layer as the engine takes them. */
function singles(layer: Layer, weights: ReadonlyMap<string, Weight>) {
  const names = "weight" in layer ? [layer.weight, ...(layer.bias === undefined ? [] : [layer.bias])] : [];
  return new Map(names.map((name) => [name, singleOf(weights.get(name)!)]));
}

/** A node for sentences. */
const calledBy = ({ name, op, domain, outputs }: OnnxNode) =>
  `the node ${name || outputs[0] || "without a name"} (${domain === "" ? op : `${domain}.${op}`})`;

/** Says of a node itself what is wrong, and of one that hangs on it the same again. */
function reasonOf(node: OnnxNode, cause: unknown, values: ReadonlyMap<string, Value>): string {
  if (cause instanceof TooLarge) throw cause;
  const inherited = node.inputs.map((name) => values.get(name)).find((value) => value?.kind === "missing");
  if (inherited?.kind === "missing") return inherited.reason;
  if (cause instanceof Unsupported) return `${calledBy(node)} ${cause.message}`;
  if (cause instanceof RangeError) return `${calledBy(node)} does not fit: ${cause.message}`;
  throw cause;
}
