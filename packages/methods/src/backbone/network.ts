/**
 * @file A backbone as tensors: from images to the outputs of named layers, with ops that have gradients, so that a
 * training step can look through it. Any size of image that the layers allow.
 */
import {
  add,
  concat,
  constant,
  conv2d,
  leakyRelu,
  linear,
  maxPool2d,
  mean,
  minimum,
  mul,
  type NamedArray,
  pad,
  relu,
  sliceAxis,
  type Tensor,
} from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { type Activation, type Backbone, checkBackbone, type Layer, layersFor, PICTURE } from "./description.ts";

/** How a weight comes into the graph. */
export type WeightTensor = (name: string, array: NamedArray) => Tensor;

const frozen: WeightTensor = (_name, { data, shape }) => constant(data, shape);

/** A network of fixed weights. Its weights are in a graph once, however many images it is applied to. */
export class FeatureNetwork {
  private readonly tensors = new Map<string, Tensor>();

  constructor(
    readonly backbone: Backbone,
    private readonly weightTensor: WeightTensor = frozen,
  ) {}

  /** The layers that its maker names for comparing images. */
  get featureLayers(): readonly string[] {
    return this.backbone.description.featureLayers;
  }

  /** Channels of a layer with rows and columns. Throws OPTION_INVALID where there is no such layer. */
  channels(layer: string): number {
    const channels = checkBackbone(this.backbone).get(layer);
    if (channels && !channels.flat && layer !== PICTURE) return channels.count;
    const { name, featureLayers } = this.backbone.description;
    throw new HaleError(
      "OPTION_INVALID",
      `The backbone ${name} has no layer ${layer} with rows and columns.`,
      `Name some of ${featureLayers.join(", ")}.`,
    );
  }

  /**
   * Outputs of `layers`, [N, channels, rows, columns] each ([N, channels] after a mean over the picture), for `images`
   * [N, 1 or 3, H, W] in [-1, 1]; grey is taken three times. Throws SHAPE_MISMATCH where the images are too small.
   */
  features(images: Tensor, layers: readonly string[] = this.featureLayers): Tensor[] {
    const { description } = this.backbone;
    const values = new Map([[PICTURE, this.prepare(images)]]);
    for (const layer of layersFor(description.layers, layers)) {
      const inputs = layer.inputs.map((name) => values.get(name)!);
      try {
        values.set(layer.id, this.apply(layer, inputs));
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new HaleError(
          "SHAPE_MISMATCH",
          `Images of ${images.shape.slice(2).join("x")} do not fit the layer ${layer.id} of ${description.name}.`,
          "Use larger images, or layers nearer to the image.",
          { cause },
        );
      }
    }
    return layers.map((name) => {
      if (values.has(name) && name !== PICTURE) return values.get(name)!;
      const known = description.featureLayers.join(", ");
      throw new HaleError(
        "OPTION_INVALID",
        `The backbone ${description.name} has no layer ${name}.`,
        `Name some of ${known}.`,
      );
    });
  }

  /** From [-1, 1] to what the network was trained on: v = 127.5·x + 127.5, then (v - mean) / std. */
  private prepare(images: Tensor): Tensor {
    const [, channels, ...sides] = images.shape;
    if (sides.length !== 2 || (channels !== 1 && channels !== 3))
      throw new HaleError(
        "SHAPE_MISMATCH",
        `Images of [${images.shape}] have no backbone.`,
        "Use grey or colour ones.",
      );
    const { mean, std, channelOrder } = this.backbone.description.input;
    const planes = [2, 1, 0].map((plane) => () => sliceAxis(images, 1, plane, 1));
    const ordered =
      channels === 3 && channelOrder === "BGR"
        ? concat(
            planes.map((plane) => plane()),
            1,
          )
        : images;
    const gain = std.map((value) => 127.5 / value);
    const offset = std.map((value, i) => (127.5 - mean[i]) / value);
    // One channel times three broadcasts to three.
    return add(mul(ordered, constant(gain, [1, 3, 1, 1])), constant(offset, [1, 3, 1, 1]));
  }

  private apply(layer: Layer, inputs: readonly Tensor[]): Tensor {
    const [x] = inputs;
    switch (layer.op) {
      case "conv":
      case "depthwise": {
        const groups = layer.op === "conv" ? 1 : x.shape[1];
        const [before, after] = margins(x, layer);
        const even = [before[1], ...after].every((margin) => margin === before[0]);
        const frame = even ? x : pad(x, [0, 0, ...before], [0, 0, ...after]);
        const options = { stride: layer.stride, pad: even ? before[0] : 0, groups };
        const bias = layer.bias === undefined ? undefined : this.weight(layer.bias);
        return this.activate(conv2d(frame, this.weight(layer.weight), options, bias), layer.activation);
      }
      case "maxpool":
        return pool(x, layer);
      case "concat":
        return concat(inputs, 1);
      case "add":
        return this.activate(add(x, inputs[1]), layer.activation);
      case "globalavg":
        return mean(x, [2, 3]);
      case "dense": {
        const bias = layer.bias === undefined ? undefined : this.weight(layer.bias);
        return this.activate(linear(x, this.weight(layer.weight), bias), layer.activation);
      }
    }
  }

  private activate(x: Tensor, kind: Activation): Tensor {
    if (kind === "linear") return x;
    if (kind === "leaky") return leakyRelu(x, this.backbone.description.leakySlope);
    return kind === "relu" ? relu(x) : minimum(relu(x), 6);
  }

  private weight(name: string): Tensor {
    const tensor = this.tensors.get(name) ?? this.weightTensor(name, this.backbone.weights.get(name)!);
    this.tensors.set(name, tensor);
    return tensor;
  }
}

interface Window {
  kernel: number;
  stride: number;
  padding: number | "same";
}

/**
 * Rows and columns before and after the picture. "same" makes ⌈size/stride⌉ outputs; of an odd number of missing rows the
 * extra one is at the bottom (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
 */
function margins(x: Tensor, { kernel, stride, padding }: Window): [before: number[], after: number[]] {
  if (padding !== "same") return [new Array(2).fill(padding), new Array(2).fill(padding)];
  const missing = x.shape.slice(2).map((side) => Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0));
  const before = missing.map((total) => Math.floor(total / 2));
  return [before, missing.map((total, axis) => total - before[axis])];
}

/** Lower than any value of a network, and a float32. */
const NEVER = -3e38;

/** Maxima of windows; margins never win, incomplete windows at the end are dropped. */
function pool(x: Tensor, window: Window): Tensor {
  const { kernel, stride } = window;
  const [before, after] = margins(x, window);
  const [rows, columns] = x.shape.slice(2).map((side, axis) => before[axis] + side + after[axis]);
  if (Math.min(rows, columns) < kernel) throw new RangeError("A window is larger than the picture.");
  if ([before[1], ...after].every((margin) => margin === before[0]) && 2 * before[0] <= kernel)
    return maxPool2d(x, kernel, { stride, pad: before[0] });
  const frame = pad(x, [0, 0, ...before], [0, 0, ...after]);
  // Zeros would win over negative values, so the margins are pulled down.
  const outside = Float32Array.from({ length: rows * columns }, (_, at) => {
    const place = [Math.floor(at / columns), at % columns];
    return place.every((i, axis) => i >= before[axis] && i < before[axis] + x.shape[axis + 2]) ? 0 : NEVER;
  });
  return maxPool2d(add(frame, constant(outside, [1, 1, rows, columns])), kernel, { stride });
}
