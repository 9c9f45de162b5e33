/**
 * @file What a frozen backbone is: layers in order of work, the way images are prepared, where the weights came from, and
 * the weights. The plain form (plain-model.ts) and the ONNX file (backbone-file.ts) both lead here.
 */
import type { NamedArray } from "@hale/autodiff";
import * as z from "zod";

/** Version of the description in a backbone's ONNX file; another one is refused. 2 has groups, means and factors. */
export const BACKBONE_FORMAT = 2;

/** The id by which layers read the prepared picture. */
export const PICTURE = "input";

/**
 * A layer's id becomes the name of an ONNX output, so it must be one, and none that the graph gives to its own values
 * (`v12`, `c3`).
 */
const id = z
  .string()
  .regex(/^[A-Za-z][\w.-]{0,99}$/, "must be a letter and up to 99 letters, digits, dots, dashes or underscores")
  .refine((name) => !/^[vc]\d+$/.test(name), "may not be v or c with a number, which the ONNX graph uses itself")
  .refine((name) => name !== PICTURE && name !== "image", "may not be input or image");
const size = z.int().min(1).max(1024);
/** More than any network has; a file that says more would fill the memory. */
const MOST_CHANNELS = 65_536;
const source = z.string().min(1);
const margin = z.int().min(0).max(1024);
const activation = z
  .enum(["linear", "relu", "relu6", "leaky", "sigmoid", "hardsigmoid", "swish", "hardswish"])
  .default("linear");
/**
 * Pixels on each side, or [top, left, bottom, right], or as TensorFlow does it: what is missing goes first to the bottom
 * and right.
 */
const padding = z.union([margin, z.tuple([margin, margin, margin, margin]), z.literal("same")]);
const sliding = { kernel: z.union([size, z.tuple([size, size])]), stride: size, padding };
/** `ceil`: an incomplete window at the end counts too, unless it begins in the margin there. */
const pooling = { kernel: size, stride: size, padding, ceil: z.boolean().optional() };
const parameters = { weight: z.string().min(1), bias: z.string().min(1).optional() };
const one = { id, inputs: z.tuple([source]) };
const two = { id, inputs: z.tuple([source, source]) };

/** Strict: a key that is not known here (a dilation, say) would change what the layer means. */
const layer = z.discriminatedUnion("op", [
  z.strictObject({
    ...one,
    op: z.literal("conv"),
    ...sliding,
    groups: z.int().min(1).max(MOST_CHANNELS).optional(),
    activation,
    ...parameters,
  }),
  z.strictObject({ ...one, op: z.literal("depthwise"), ...sliding, activation, ...parameters }),
  z.strictObject({ ...one, op: z.literal("maxpool"), ...pooling }),
  /** Margins are no part of a mean unless `countPadding`. */
  z.strictObject({ ...one, op: z.literal("avgpool"), ...pooling, countPadding: z.boolean().optional() }),
  z.strictObject({ ...one, op: z.literal("pad"), padding: z.tuple([margin, margin, margin, margin]) }),
  z.strictObject({ id, inputs: z.array(source).min(1), op: z.literal("concat") }),
  z.strictObject({ ...two, op: z.literal("add"), activation }),
  /** Element by element, or each channel by one number after a mean that keeps its axes (squeeze and excitation). */
  z.strictObject({ ...two, op: z.literal("multiply"), activation }),
  z.strictObject({ ...one, op: z.literal("activate"), activation }),
  /** Gives [N, C], or [N, C, 1, 1] with `keep`. */
  z.strictObject({ ...one, op: z.literal("globalavg"), keep: z.boolean().optional() }),
  z.strictObject({ ...one, op: z.literal("dense"), activation, ...parameters }),
]);
export type Layer = z.infer<typeof layer>;
export type Activation = z.infer<typeof activation>;
export type Padding = z.infer<typeof padding>;

const three = z.tuple([z.number(), z.number(), z.number()]);

/** What of a description both forms have. */
export const commonFields = {
  name: z.string().min(1),
  origin: z.string().min(1),
  licence: z.string().min(1),
  trainedOn: z.string().optional(),
  /** Which well-known weights these are, such as `torchvision/vgg16-397923af`, where they are such. */
  identity: z.string().optional(),
  /** Slope of the leaky activation below zero. */
  leakySlope: z.number().min(0).max(1).default(0.1),
  layers: z.array(layer).min(1),
  /** Ids of layers fit for comparing images. */
  featureLayers: z.array(z.string()).min(1),
  /** Of the file that the weights came in, weights.bin or an ONNX file, in hex. */
  weightsSha256: z.string().regex(/^[0-9a-f]{64}$/),
};

export const description = z.strictObject({
  format: z.literal(BACKBONE_FORMAT),
  ...commonFields,
  input: z.strictObject({
    /** Side of the pictures that the network was trained on, in pixels. */
    size,
    /** Order in which the network takes the channels. */
    channelOrder: z.enum(["RGB", "BGR"]),
    /** With v from 0 to 255 the network gets (v - mean) / std, in its own order of channels. */
    mean: three,
    std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  }),
});
export type BackboneDescription = z.infer<typeof description>;

/** A frozen network. */
export interface Backbone {
  description: BackboneDescription;
  /** Of conv [out, in, height, width], of depthwise [channels, 1, height, width], of dense [out, in]; bias [out]. */
  weights: ReadonlyMap<string, NamedArray>;
}

/**
 * Walks the layers and holds them to one another and to the weights. Returns what each layer gives. Throws RangeError
 * with what does not fit.
 */
export function checkBackbone({ description, weights }: Backbone): Map<string, Channels> {
  const known = new Map<string, Channels>([[PICTURE, { count: 3, form: "planes" }]]);
  for (const layer of description.layers) {
    if (known.has(layer.id)) throw new RangeError(`two layers are called ${layer.id}`);
    const inputs = layer.inputs.map((name) => {
      const found = known.get(name);
      if (!found) throw new RangeError(`the layer ${layer.id} reads ${name}, which no layer before it makes`);
      return found;
    });
    known.set(layer.id, channelsOf(layer, inputs, weights));
  }
  for (const name of description.featureLayers) {
    if (!known.has(name) || name === PICTURE) throw new RangeError(`the feature layer ${name} does not exist`);
    if (known.get(name)!.form !== "planes") throw new RangeError(`the feature layer ${name} has no rows and columns`);
  }
  if (new Set(description.featureLayers).size < description.featureLayers.length)
    throw new RangeError("a feature layer is named twice");
  return known;
}

/** What a layer gives: [N, count, rows, columns], [N, count, 1, 1] or [N, count]. */
export interface Channels {
  count: number;
  form: "planes" | "point" | "flat";
}

/** What each op can read. */
const READS: Record<Layer["op"], readonly Channels["form"][]> = {
  conv: ["planes", "point"],
  depthwise: ["planes", "point"],
  maxpool: ["planes"],
  avgpool: ["planes"],
  pad: ["planes"],
  concat: ["planes", "point"],
  add: ["planes", "point", "flat"],
  multiply: ["planes", "point"],
  activate: ["planes", "point", "flat"],
  globalavg: ["planes", "point"],
  dense: ["flat"],
};

/** Channels times pixels of the window of a mean, which is a convolution. */
const MOST_SUMMED = 2 ** 24;

/** What a layer gives for its inputs. Throws RangeError where they, the weights and the layer do not fit. */
export function channelsOf(layer: Layer, inputs: readonly Channels[], weights: Backbone["weights"]): Channels {
  const channels = given(layer, inputs, weights);
  if (channels.count <= MOST_CHANNELS) return channels;
  throw new RangeError(`the layer ${layer.id} has over ${MOST_CHANNELS} channels`);
}

function given(layer: Layer, inputs: readonly Channels[], weights: Backbone["weights"]): Channels {
  const [{ count, form }] = inputs;
  const alike = layer.op === "multiply" || inputs.every((input) => input.form === form);
  if (!alike || inputs.some((input) => !READS[layer.op].includes(input.form)))
    throw new RangeError(`the layer ${layer.id} (${layer.op}) cannot read what ${layer.inputs.join(", ")} makes`);
  switch (layer.op) {
    case "conv": {
      const { groups = 1 } = layer;
      const [rows, columns] = sidesOf(layer.kernel);
      if (form === "point" && (rows * columns > 1 || marginsOf(layer.padding).some((pixels) => pixels > 0)))
        throw new RangeError(`the layer ${layer.id} needs rows and columns`);
      const out = filters(layer, [count / groups, rows, columns], weights);
      if (out % groups !== 0)
        throw new RangeError(`the ${out} channels of the layer ${layer.id} are not of ${groups} groups`);
      return { count: out, form };
    }
    case "depthwise": {
      if (filters(layer, [1, ...sidesOf(layer.kernel)], weights) !== count)
        throw new RangeError(`the weight ${layer.weight} does not have the ${count} channels of its input`);
      return { count, form };
    }
    case "dense":
      return { count: filters(layer, [count], weights), form };
    case "concat":
      return { count: inputs.reduce((total, input) => total + input.count, 0), form };
    case "add":
    case "multiply":
      if (inputs.some((input) => input.count !== count)) {
        const [does, and] = layer.op === "add" ? ["adds", "and"] : ["multiplies", "by"];
        throw new RangeError(
          `the layer ${layer.id} ${does} ${layer.inputs.join(` ${and} `)}, which differ in channels`,
        );
      }
      return { count, form: inputs.some((input) => input.form === "planes") ? "planes" : form };
    case "globalavg":
      return { count, form: layer.keep ? "point" : "flat" };
    case "maxpool":
    case "avgpool":
      if (marginsOf(layer.padding).some((pixels) => 2 * pixels > layer.kernel))
        throw new RangeError(`the layer ${layer.id} pads by more than half its window`);
      if (layer.op === "avgpool" && count * layer.kernel ** 2 > MOST_SUMMED)
        throw new RangeError(`the layer ${layer.id} takes means of too large windows`);
      return { count, form };
    case "pad":
    case "activate":
      return { count, form };
  }
}

/** Rows and columns of a kernel. */
export const sidesOf = (kernel: number | readonly [number, number]): readonly [number, number] =>
  typeof kernel === "number" ? [kernel, kernel] : kernel;

/** Top, left, bottom and right of a padding; none of one that hangs on the picture. */
export const marginsOf = (padding: Padding): readonly number[] =>
  padding === "same" ? [] : typeof padding === "number" ? new Array<number>(4).fill(padding) : padding;

/** Number of outputs of a weight [out, ...rest], once it and the bias are there and fit. */
function filters(layer: { weight: string; bias?: string }, rest: readonly number[], weights: Backbone["weights"]) {
  const shapeOf = (name: string) => {
    const found = weights.get(name);
    if (!found) throw new RangeError(`the weight ${name} is missing`);
    return found.shape;
  };
  const [out, ...others] = shapeOf(layer.weight);
  if (out < 1) throw new RangeError(`the weight ${layer.weight} is empty`);
  if (`${others}` !== `${rest}`)
    throw new RangeError(`the weight ${layer.weight} is [${out},${others}] where [${out},${rest}] belongs`);
  if (layer.bias && `${shapeOf(layer.bias)}` !== `${out}`)
    throw new RangeError(`the bias ${layer.bias} does not have the ${out} values of its layer`);
  return out;
}

/** The layers that some of them hang on, in order, those themselves included. */
export function layersFor(layers: readonly Layer[], wanted: readonly string[]): Layer[] {
  const needed = new Set(wanted);
  const kept: Layer[] = [];
  for (const layer of [...layers].reverse()) {
    if (!needed.has(layer.id)) continue;
    kept.push(layer);
    for (const name of layer.inputs) needed.add(name);
  }
  return kept.reverse();
}

/** Names of the weights and biases of some layers. */
export function weightNames(layers: readonly Layer[]): string[] {
  const names = layers.flatMap((layer) => ("weight" in layer ? [layer.weight, layer.bias] : []));
  return [...new Set(names.filter((name) => name !== undefined))];
}
