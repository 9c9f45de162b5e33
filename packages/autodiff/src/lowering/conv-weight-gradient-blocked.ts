/**
 * @file The weight gradient of a convolution as one more convolution, in ONNX Runtime's blocked layout: images take the
 * part of channels and dy that of the kernel, so that dW[o,c,k] = Σ dy[n,o,p]·x[n,c,p·s + k - pad] is x turned to
 * [C, N, H, W] convolved with dy turned to [O, N, h, w] and spread by the stride. Nothing is copied tap by tap.
 *
 * Every image of x meets the whole of dy, which is only fast while a block of dy stays in cache: on small maps, with a
 * stride (whose taps cost the other way most), or where x has hardly any channels.
 */
import type { ConvGeometry } from "../ops/convolution.ts";
import type { Shape } from "../shape.ts";
import type { OnnxGraph } from "./onnx-graph.ts";

const BLOCKED = "com.microsoft.nchwc";
/** Pixels of dy up to which its blocks stay in cache; measured at strides of 1 (`npm run bench -- ops`). */
const SMALL_MAP = 64;
/** Channels of x up to which dy is passed so few times that its size does not matter. */
const THIN = 4;

/** Whether the blocked form exists for these shapes and is the faster one. */
export function blockedWeightGradientPays(graph: OnnxGraph, xShape: Shape, dyShape: Shape, g: ConvGeometry): boolean {
  const block = graph.options.convBlock ?? 0;
  if (block === 0 || g.groups > 1) return false;
  if (xShape[0] % block !== 0 || dyShape[1] % block !== 0) return false;
  if (excess(g).some((rows) => rows > g.pad)) return false;
  return g.stride > 1 || g.output[0] * g.output[1] <= SMALL_MAP || xShape[1] <= THIN;
}

/** Rows and columns at the end of x that no tap reaches. */
function excess({ stride, pad, input, output, kernel }: ConvGeometry): [number, number] {
  const along = (axis: 0 | 1) => input[axis] + 2 * pad - ((output[axis] - 1) * stride + kernel[axis]);
  return [along(0), along(1)];
}

export function lowerBlockedWeightGradient(
  graph: OnnxGraph,
  x: string,
  dy: string,
  dyShape: Shape,
  g: ConvGeometry,
): string {
  const block = graph.options.convBlock!;
  const [n, o] = dyShape;
  const [height, width] = g.output;
  const imagesAsChannels = graph.node(
    "ReorderInput",
    [graph.node("Transpose", [x], { perm: [1, 0, 2, 3] })],
    {},
    BLOCKED,
  );
  // [N, O/B, h·w, Bₒ] to the kernel's order, [O/B, N/B, h·w, Bₙ, Bₒ].
  const dyBlocks = graph.reshape(graph.node("ReorderInput", [dy], {}, BLOCKED), [
    n / block,
    block,
    o / block,
    height * width,
    block,
  ]);
  const filter = graph.reshape(graph.node("Transpose", [dyBlocks], { perm: [2, 0, 3, 1, 4] }), [o, n, height, width]);
  const [below, right] = excess(g);
  const product = graph.node(
    "Conv",
    [imagesAsChannels, filter],
    {
      kernel_shape: [height, width],
      dilations: [g.stride, g.stride],
      strides: [1, 1],
      pads: [g.pad, g.pad, g.pad - below, g.pad - right],
      group: 1,
    },
    BLOCKED,
  );
  const channelsFirst = graph.node("ReorderOutput", [product], { channels: o }, BLOCKED); // [C, O, kh, kw]
  return graph.node("Transpose", [channelsFirst], { perm: [1, 0, 2, 3] });
}
