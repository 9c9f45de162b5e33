/**
 * @file ProxyAno's networks (arXiv 2110.01761; layers after P-Net, ECCV 2020, since the paper's own could not be read): the
 * proxy extraction module (PEM), the image reconstruction module (IRM), and the discriminator. Images here are in [0, 1].
 */
import {
  batchNormLayer,
  concat,
  conv2d,
  convLayer,
  expand,
  instanceNorm,
  leakyRelu,
  maxPool2d,
  normal,
  ones,
  relu,
  reshape,
  resizeBilinear,
  type Scope,
  sigmoid,
  sliceAxis,
  spectralNorm,
  type Tensor,
  zeros,
} from "@hale/autodiff";
import { type MemoryOptions, memorySlots, readMemory } from "./memory.ts";

export interface NetworkOptions extends Omit<MemoryOptions, "memory"> {
  /** Channels of the first layer; 64 in the reference. */
  width: number;
  memory: MemoryOptions["memory"] | "none";
  /**
   * How a trained network normalises. "running": with the statistics gathered in training. "batch": with those of the image
   * at hand, as the reference does, whose networks never leave training mode (there the image's batch mates count too).
   */
  evaluation: "running" | "batch";
}

/** Running statistics that a training step replaces, by state name. */
export type Updates = Record<string, Tensor>;

/** How batch normalisations work: gathering statistics into `updates`, or with fixed ones. */
export type Mode = { train: Updates } | { evaluate: NetworkOptions["evaluation"] };

const POOLS = 4;

function normalise(scope: Scope, x: Tensor, mode: Mode): Tensor {
  if ("evaluate" in mode && mode.evaluate === "batch") {
    const [scale, shift] = [
      scope.parameter("scale", [x.shape[1]], ones),
      scope.parameter("shift", [x.shape[1]], zeros),
    ];
    return instanceNorm(x, scale, shift);
  }
  const { output, updates } = batchNormLayer(scope, x, "train" in mode ? "train" : "evaluate");
  if ("train" in mode) Object.assign(mode.train, updates);
  return output;
}

/** Twice: 3x3 convolution, batch normalisation, ReLU. */
function doubleConv(scope: Scope, x: Tensor, channels: number, mode: Mode): Tensor {
  let y = x;
  for (const name of ["1", "2"]) {
    const layer = scope.child(name);
    y = relu(normalise(layer.child("norm"), convLayer(layer, y, channels, 3, { pad: 1, bias: "cancelled" }), mode));
  }
  return y;
}

/** Features at full size and after each of four halvings, widths c, 2c, 4c, 8c, 8c. */
function encode(scope: Scope, x: Tensor, c: number, mode: Mode): Tensor[] {
  const levels = [doubleConv(scope.child("enc0"), x, c, mode)];
  for (let i = 1; i <= POOLS; i++) {
    const channels = c * Math.min(8, 2 ** i);
    levels.push(doubleConv(scope.child(`enc${i}`), maxPool2d(levels[i - 1], 2), channels, mode));
  }
  return levels;
}

const double = (x: Tensor) => resizeBilinear(x, [2 * x.shape[2], 2 * x.shape[3]], { alignCorners: true });

const toImage = (scope: Scope, x: Tensor, channels: number) =>
  sigmoid(convLayer(scope.child("out"), x, channels, 1, { bias: true }));

/** PEM's decoder: memory features [N, 8c, s, s] to a proxy [N, channels, 16s, 16s]. No skips: they would bypass the memory. */
function decodeProxy(scope: Scope, features: Tensor, channels: number, c: number, mode: Mode): Tensor {
  let y = features;
  [8 * c, 4 * c, 2 * c, c].forEach((width, i) => {
    y = doubleConv(scope.child(`dec${i}`), double(y), width, mode);
  });
  return toImage(scope, y, channels);
}

export interface ProxyExtraction {
  /** The predicted proxy ŝ. */
  proxy: Tensor;
  /** Address weights of the memory [positions, N]; null without one. */
  weights: Tensor | null;
}

/** PEM: an image x [N, C, S, S] to its superpixel image, through the memory. */
export function extractProxy(scope: Scope, x: Tensor, options: NetworkOptions, mode: Mode): ProxyExtraction {
  const { width, memory } = options;
  const features = encode(scope.child("encoder"), x, width, mode)[POOLS];
  const decoder = scope.child("decoder");
  if (memory === "none") return { proxy: decodeProxy(decoder, features, x.shape[1], width, mode), weights: null };
  const { output, weights } = readMemory(scope.child("memory"), features, { ...options, memory });
  return { proxy: decodeProxy(decoder, output, x.shape[1], width, mode), weights };
}

/** Slots that are shown at most: their pictures are made all at once. */
const SHOWN = 100;

/** What memory slots stand for: the proxy decoded from one slot alone everywhere, [at most 100, C, S, S]. */
export function decodeSlots(
  scope: Scope,
  shape: { size: number; channels: number },
  options: NetworkOptions,
): Tensor | null {
  const { width, memory, slots } = options;
  if (memory === "none") return null;
  const { values } = memorySlots(scope.child("memory"), { ...options, memory }, 8 * width);
  const side = shape.size / 2 ** POOLS;
  const shown = Math.min(slots, SHOWN);
  const first = sliceAxis(values, 0, 0, shown);
  const features = expand(reshape(first, [shown, 8 * width, 1, 1]), [shown, 8 * width, side, side]);
  return decodeProxy(scope.child("decoder"), features, shape.channels, width, { evaluate: options.evaluation });
}

/** IRM: a proxy [N, C, S, S] to an image, by a U-Net. Its skips may stay: they carry nothing but the proxy. */
export function reconstruct(scope: Scope, proxy: Tensor, { width }: Pick<NetworkOptions, "width">, mode: Mode): Tensor {
  const levels = encode(scope.child("encoder"), proxy, width, mode);
  let y = levels[POOLS];
  [4, 2, 1, 1].forEach((times, i) => {
    y = doubleConv(scope.child(`dec${i}`), concat([levels[POOLS - 1 - i], double(y)], 1), times * width, mode);
  });
  return toImage(scope, y, proxy.shape[1]);
}

/**
 * The discriminator's logits of images [N, C, S, S]: a PatchGAN of five spectrally normalised 4x4 convolutions without
 * biases. `updates` gathers the directions of the power iteration.
 */
export function discriminator(
  scope: Scope,
  x: Tensor,
  { width }: Pick<NetworkOptions, "width">,
  updates: Updates = {},
): Tensor {
  const layers = [
    { channels: width, stride: 2 },
    { channels: 2 * width, stride: 2 },
    { channels: 4 * width, stride: 2 },
    { channels: 8 * width, stride: 1 },
    { channels: 1, stride: 1 },
  ];
  let y = x;
  layers.forEach(({ channels, stride }, i) => {
    const layer = scope.child(`conv${i}`);
    const raw = layer.parameter("weight", [channels, y.shape[1], 4, 4], normal(0.02));
    const spectral = spectralNorm(layer, raw);
    Object.assign(updates, spectral.updates);
    y = conv2d(y, spectral.weight, { stride, pad: 1 });
    if (i < layers.length - 1) y = leakyRelu(y, 0.2);
  });
  return y;
}
