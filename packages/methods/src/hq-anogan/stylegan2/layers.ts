/**
 * @file StyleGAN2's layers (arXiv 1912.04958, 2006.06676): equalised dense and convolution layers, resampling with the
 * [1,3,3,1] filter, and convolution whose weights a style modulates. Images and features are [N, C, H, W].
 */
import {
  add,
  constant,
  conv2d,
  convTranspose2d,
  filled,
  leakyRelu,
  matmul,
  mul,
  normal,
  perChannel,
  reciprocal,
  reshape,
  type Scope,
  separableResample,
  sqrt,
  square,
  sum,
  type Tensor,
  transpose,
  zeros,
} from "@hale/autodiff";

const SLOPE = 0.2;

/** Leaky ReLU with slope 0.2, times √2 (times `gain`), which keeps the second moment of what is symmetric about zero. */
export function activate(x: Tensor, gain = 1): Tensor {
  return mul(leakyRelu(x, SLOPE), Math.SQRT2 * gain);
}

export interface EqualisedOptions {
  /** Learning-rate multiplier μ: weights are stored divided by it, weights and biases work multiplied by it. */
  multiplier?: number;
  /** First value of the biases, as they work. */
  bias?: number;
}

/**
 * A dense layer of x [N, in] whose weights are stored with variance 1 and scaled to 1/√in at run time, so that Adam's steps
 * are as large relative to any layer.
 */
export function equalisedDense(
  scope: Scope,
  x: Tensor,
  features: number,
  { multiplier = 1, bias = 0 }: EqualisedOptions = {},
): Tensor {
  const inputs = x.shape[1];
  const weight = scope.parameter("weight", [features, inputs], normal(1 / multiplier));
  const offset = scope.parameter("bias", [features], filled(bias / multiplier));
  const y = matmul(x, mul(weight, multiplier / Math.sqrt(inputs)), { transposeB: true });
  return add(y, mul(reshape(offset, [1, features]), multiplier));
}

export interface EqualisedConvOptions {
  bias?: boolean;
  /** Halves the sides, filtered. */
  down?: boolean;
}

/** A square convolution that keeps the sides (or halves them), with weights scaled to 1/√(in·k²) at run time. */
export function equalisedConv(
  scope: Scope,
  x: Tensor,
  channels: number,
  kernel: number,
  { bias = true, down = false }: EqualisedConvOptions = {},
): Tensor {
  const inputs = x.shape[1];
  const stored = scope.parameter("weight", [channels, inputs, kernel, kernel], normal(1));
  const weight = mul(stored, 1 / Math.sqrt(inputs * kernel * kernel));
  const offset = bias ? scope.parameter("bias", [channels], zeros) : undefined;
  return down ? convDown(x, weight, offset) : conv2d(x, weight, { pad: (kernel - 1) / 2 }, offset);
}

/** The filter of all resampling, on each axis. */
const TAPS = [1, 3, 3, 1].map((tap) => tap / 8);

/** Twice the sides, filtered. */
export function upsample(x: Tensor): Tensor {
  return separableResample(x, TAPS, { up: 2, pads: [2, 1], gain: 4 });
}

/** Half the sides, filtered. */
export function downsample(x: Tensor): Tensor {
  return separableResample(x, TAPS, { down: 2, pads: [1, 1] });
}

/** Filters and then convolves with stride 2; a 1x1 kernel is applied to what is already small. */
function convDown(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (weight.shape[2] === 1) return conv2d(downsample(x), weight, {}, bias);
  const filtered = separableResample(x, TAPS, { pads: [2, 2] });
  return conv2d(filtered, weight, { stride: 2 }, bias);
}

/** Reverses rows and columns of a 3x3 kernel that is written as 9 numbers. */
const TURN = constant(
  Float32Array.from({ length: 81 }, (_, i) => (Math.floor(i / 9) + (i % 9) === 8 ? 1 : 0)),
  [9, 9],
);

/**
 * Twice the sides by zeros between, convolved with weights [O, I, 3, 3], filtered. The filter comes last, so that the
 * convolution can leave the zeros out: a quarter of the products.
 */
function convUp(x: Tensor, weight: Tensor): Tensor {
  const [outputs, inputs] = weight.shape;
  const turned = reshape(matmul(reshape(weight, [outputs * inputs, 9]), TURN), [outputs, inputs, 3, 3]);
  // One row and one column more than it has, of zeros, make a whole number of pairs.
  const y = convTranspose2d(x, transpose(turned, [1, 0, 2, 3]), { stride: 2, outputPadding: 1 });
  return separableResample(y, TAPS, { pads: [1, 0], gain: 4 });
}

export interface ModulatedConvOptions {
  /** Doubles the sides. */
  up?: boolean;
  /** Divides each output channel by the root of its modulated weights' sum of squares. */
  demodulate?: boolean;
}

/**
 * Convolution of x [N or 1, I, H, W] with weights [O, I, k, k] that each image's styles [N, I] multiply. In activation space: the
 * styles scale the input's channels, and demodulation the output's, which is the same as scaling the weights.
 */
export function modulatedConv(
  x: Tensor,
  weight: Tensor,
  styles: Tensor,
  { up = false, demodulate = true }: ModulatedConvOptions = {},
): Tensor {
  const [outputs, inputs, kernel] = weight.shape;
  const [n] = styles.shape;
  const scaled = mul(x, reshape(styles, [n, inputs, 1, 1]));
  const y = up ? convUp(scaled, weight) : conv2d(scaled, weight, { pad: (kernel - 1) / 2 });
  if (!demodulate) return y;
  const energy = sum(square(weight), [2, 3]);
  const squares = matmul(square(styles), energy, { transposeB: true });
  return mul(y, reshape(reciprocal(sqrt(add(squares, 1e-8))), [n, outputs, 1, 1]));
}

/** The style of a layer [N, in], from intermediate latents w [N, d]; biases begin at 1, so that styles are about 1. */
export function styleOf(scope: Scope, w: Tensor, channels: number): Tensor {
  return equalisedDense(scope.child("affine"), w, channels, { bias: 1 });
}

/** A bias a channel, added to x. */
export function addBias(scope: Scope, x: Tensor): Tensor {
  return add(x, perChannel(scope.parameter("bias", [x.shape[1]], zeros)));
}

/** One as a tensor that broadcasts, for what is learnt as a number. */
export const asScalar = (value: Tensor): Tensor => reshape(value, [1, 1, 1, 1]);
