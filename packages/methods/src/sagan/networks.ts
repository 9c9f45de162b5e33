/**
 * @file SAGAN's networks (arXiv 2405.12872): a generator that restores every window of an image to what it would look
 * like healthy, and a critic that sees whole images.
 *
 * The generator's named blocks: ACM, which tells each window where it lies; ARRM, attention gates on the skips; MFF,
 * which fuses three decoder scales. Normalisation is by instance throughout, so an image never depends on its batch.
 */
import {
  add,
  concat,
  constant,
  conv2d,
  convLayer,
  convTransposeLayer,
  div,
  heNormal,
  instanceNorm,
  instanceNormLayer,
  leakyRelu,
  log,
  matmul,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  type Scope,
  sigmoid,
  sliceAxis,
  sub,
  type Tensor,
  tanh,
  torchDefault,
  uniform,
} from "@hale/autodiff";
import { codeBits, joinWindows, positionCodes, splitWindows } from "./windows.ts";

export interface NetworkOptions {
  /** Channels of the first layer; 64 in the paper's code. */
  width: number;
  /** Windows a side. */
  grid: number;
  residualBlocks: number;
  /**
   * Where the position code enters. "reference" adds it before a normalisation that subtracts exactly it, as the
   * released code does: a no-op. "effective" adds it after.
   */
  positionCode: "effective" | "reference";
  /**
   * How the change r becomes an image. "published": tanh(x + r), which no finite r makes equal to a black or white x.
   * "logit": tanh(atanh(x) + r), which is x itself where r is 0, and a last layer that starts near 0: the generator
   * begins by changing nothing, and the critic by telling abnormal from normal.
   */
  head: "logit" | "published";
  /**
   * First weights of the critic. "published": PyTorch's default, which shrinks a gradient through these seven layers a
   * thousandfold. "he": He et al. 2015, which keeps its size, so that the critic speaks from the first step.
   */
  criticStart: "he" | "published";
}

/** Bound of the last layer's first weights under the head "logit". */
const START_OF_CHANGE = 1e-3;
/** Largest |x| under the head "logit": atanh is infinite at 1. */
const LOGIT_LIMIT = 0.999;

/** Convolution, affine instance normalisation, ReLU. */
function convBlock(scope: Scope, x: Tensor, channels: number, kernel: number, stride: number, pad: number): Tensor {
  return relu(instanceNormLayer(scope, convLayer(scope, x, channels, kernel, { stride, pad })));
}

/** Doubles the side: transposed convolution, affine instance normalisation, ReLU. */
function upBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  return relu(instanceNormLayer(scope, convTransposeLayer(scope, x, channels, 4, { stride: 2, pad: 1 })));
}

/** x + norm(conv(ReLU(norm(conv x)))), without a last ReLU. */
function residualBlock(scope: Scope, x: Tensor): Tensor {
  const channels = x.shape[1];
  const hidden = convBlock(scope.child("1"), x, channels, 3, 1, 1);
  return add(x, secondConv(scope, hidden, channels));
}

/** As a residual block, but the skip starts after the first convolution, which may change the channels. */
function fusionBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  const hidden = convBlock(scope.child("1"), x, channels, 3, 1, 1);
  return add(hidden, secondConv(scope, hidden, channels));
}

function secondConv(scope: Scope, hidden: Tensor, channels: number): Tensor {
  const second = scope.child("2");
  return instanceNormLayer(second, convLayer(second, hidden, channels, 3, { pad: 1 }));
}

/**
 * ACM, anatomical consistency: a 1x1 convolution of features and position code, normalised, ReLU. The code is constant
 * inside a window, so its part of the convolution is one number a window and channel, added to the features' part.
 */
function anatomicalConsistency(scope: Scope, f: Tensor, { grid, positionCode }: NetworkOptions): Tensor {
  const [rows, channels, h, w] = f.shape;
  const windows = grid * grid;
  const bits = codeBits(grid);
  const start = torchDefault(channels + bits);
  const weight = scope.parameter("weight", [channels, channels + bits, 1, 1], start);
  // A bias here is subtracted by the normalisation: declared for the published count, never computed.
  scope.parameter("bias", [channels], start);
  const fromFeatures = conv2d(f, sliceAxis(weight, 1, 0, channels));
  const codes = constant(positionCodes(grid).flat(), [windows, bits]);
  const codeWeight = reshape(sliceAxis(weight, 1, channels, bits), [channels, bits]);
  const fromCode = reshape(matmul(codes, codeWeight, { transposeB: true }), [1, windows, channels, 1, 1]);
  const addCode = (x: Tensor) =>
    reshape(add(reshape(x, [rows / windows, windows, channels, h, w]), fromCode), [rows, channels, h, w]);
  return positionCode === "effective"
    ? relu(addCode(instanceNorm(fromFeatures)))
    : relu(instanceNorm(addCode(fromFeatures)));
}

/** An attention gate (Oktay et al. 2018): one map in (0, 1), from the gate and the skip, that weighs the skip. */
function attentionGate(scope: Scope, gate: Tensor, skip: Tensor): { output: Tensor; logits: Tensor } {
  const inner = skip.shape[1] / 2;
  const project = (name: string, x: Tensor, channels: number) =>
    instanceNorm(convLayer(scope.child(name), x, channels, 1, { bias: "cancelled" }));
  const joint = relu(add(project("gate", gate, inner), project("skip", skip, inner)));
  const logits = project("psi", joint, 1);
  return { output: mul(skip, sigmoid(logits)), logits };
}

export interface GeneratorTrace {
  /** Pre-sigmoid logits of the three attention gates, deepest first. */
  gates: Tensor[];
}

/** The change r that the generator makes to windows [M, C, s, s], before the output head. */
export function restoreWindows(scope: Scope, windows: Tensor, options: NetworkOptions, trace?: GeneratorTrace): Tensor {
  const c = options.width;
  const acm = (name: string, f: Tensor) => anatomicalConsistency(scope.child(name), f, options);
  const gated = (name: string, gate: Tensor, skip: Tensor) => {
    const { output, logits } = attentionGate(scope.child(name), gate, skip);
    trace?.gates.push(logits);
    return output;
  };

  const stem = convBlock(scope.child("stem"), windows, c, 7, 1, 3);
  const skip1 = acm("acm1", convBlock(scope.child("enc1"), stem, 2 * c, 4, 2, 1));
  const skip2 = acm("acm2", convBlock(scope.child("enc2"), skip1, 4 * c, 4, 2, 1));
  let e = acm("bottleneck/acm", convBlock(scope.child("enc3"), skip2, 8 * c, 4, 2, 1));
  for (let i = 0; i < options.residualBlocks; i++) e = residualBlock(scope.child(`bottleneck/res${i}`), e);

  const fuse1 = fusionBlock(scope.child("fuse1"), concat([e, gated("gate1", e, e)], 1), 8 * c);
  const d1 = upBlock(scope.child("dec1"), fuse1, 4 * c);
  const fuse2 = fusionBlock(scope.child("fuse2"), concat([d1, gated("gate2", d1, skip2)], 1), 4 * c);
  const d2 = upBlock(scope.child("dec2"), fuse2, 2 * c);
  const fuse3 = fusionBlock(scope.child("fuse3"), concat([d2, gated("gate3", d2, skip1)], 1), 2 * c);
  const d3 = upBlock(scope.child("dec3"), fuse3, c);

  // MFF: all three scales at full size.
  const up1 = upBlock(scope.child("up1/2"), upBlock(scope.child("up1/1"), d1, 2 * c), c);
  const up2 = upBlock(scope.child("up2"), d2, c);
  const fused = fusionBlock(scope.child("mff"), concat([up1, up2, d3], 1), c);
  const initialise = options.head === "logit" ? uniform(START_OF_CHANGE) : undefined;
  return convLayer(scope.child("out"), fused, windows.shape[1], 7, { pad: 3, initialise });
}

/** The point z with tanh(z) = x, x held within ±0.999. */
function logit(x: Tensor): Tensor {
  const inside = maximum(minimum(x, LOGIT_LIMIT), -LOGIT_LIMIT);
  return mul(log(div(add(inside, 1), sub(1, inside))), 0.5);
}

/**
 * The healthy counterpart of images x [N, C, S, S] in [-1, 1]: tanh(x + r) or tanh(atanh(x) + r). While training, `mask` [N, 1, S, S] holds 1
 * with probability 0.95, and where it is 0 the change r is replaced by x.
 */
export function generator(
  scope: Scope,
  x: Tensor,
  options: NetworkOptions,
  mask?: Tensor,
  trace?: GeneratorTrace,
): Tensor {
  const r = joinWindows(restoreWindows(scope, splitWindows(x, options.grid), options, trace), options.grid);
  // m·r + (1-m)·x, written with one product.
  const change = mask ? add(x, mul(mask, sub(r, x))) : r;
  return tanh(add(change, options.head === "logit" ? logit(x) : x));
}

export type CriticOptions = Pick<NetworkOptions, "width" | "criticStart">;

/** Number of halvings that leave at least one pixel, at most six. */
export function criticDepth(size: number): number {
  return Math.min(6, Math.floor(Math.log2(size)));
}

/** The Wasserstein critic: x [N, C, S, S] to a map of realness [N, 1, h, w], to be averaged. No normalisation. */
export function critic(scope: Scope, x: Tensor, { width, criticStart }: CriticOptions): Tensor {
  let y = x;
  for (let i = 0; i < criticDepth(x.shape[2]); i++) {
    const initialise = criticStart === "he" ? heNormal(y.shape[1] * 16) : undefined;
    const halving = { stride: 2, pad: 1, bias: true, initialise };
    y = leakyRelu(convLayer(scope.child(`conv${i}`), y, width * 2 ** i, 4, halving), 0.01);
  }
  return convLayer(scope.child("out"), y, 1, 3, { pad: 1 });
}
