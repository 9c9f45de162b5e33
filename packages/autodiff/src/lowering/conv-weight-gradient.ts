/**
 * @file The weight gradient of a convolution in ONNX, which has no such op: dW[o,c,i,j] = Σ dy[n,o,p]·x[n,c,p·s + k - pad].
 *
 * Both sides are laid out channel-first in one common frame, [C, N·Fh·Fw], dy padded with zeros at the end of each row
 * and image. Then tap (i, j) is ONE contiguous shift of x, and wrapped columns only meet zeros: dW is one matrix product a tap.
 * A stride s splits the padded x into s·s such frames (polyphase). Where one side has few channels, its shifted copies
 * are stacked instead and a single product serves all taps.
 */
import type { ConvGeometry } from "../ops/convolution.ts";
import type { Shape } from "../shape.ts";
import type { OnnxGraph } from "./onnx-graph.ts";

/** Up to this many channels a product a tap is too thin to be fast, and the taps are stacked. */
const FEW_CHANNELS = 4;

export function lowerConvWeightGradient(
  graph: OnnxGraph,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  { stride: s, pad, groups, kernel: [kh, kw], output: [oh, ow] }: ConvGeometry,
): string {
  const [n, c, h, w] = xShape;
  const o = dyShape[1];
  const reachH = Math.floor((kh - 1) / s);
  const reachW = Math.floor((kw - 1) / s);
  const frameH = oh + reachH;
  const frameW = ow + reachW;
  const length = n * frameH * frameW;
  const reach = reachH * frameW + reachW;
  const used = length - reach;

  // x, padded (or cropped, where the stride leaves a rest) to whole frames, one frame a phase.
  const padded = padPlane(graph, x, pad, frameH * s - h - pad, pad, frameW * s - w - pad);
  let phases: string[];
  if (s === 1) {
    phases = [graph.reshape(graph.node("Transpose", [padded], { perm: [1, 0, 2, 3] }), [c, length])];
  } else {
    const split = graph.reshape(padded, [n, c, frameH, s, frameW, s]);
    const byPhase = graph.node("Transpose", [split], { perm: [3, 5, 1, 0, 2, 4] });
    const flat = graph.reshape(byPhase, [s * s, c, length]);
    phases = Array.from({ length: s * s }, (_, i) =>
      graph.reshape(graph.node("Slice", [flat, graph.ints([i]), graph.ints([i + 1]), graph.ints([0])]), [c, length]),
    );
  }
  const dyFrame = padPlane(graph, dy, 0, reachH, 0, reachW);
  const dyFlat = graph.reshape(graph.node("Transpose", [dyFrame], { perm: [1, 0, 2, 3] }), [o, length]);
  const cut = (value: string, start: number) =>
    start === 0 && used === length
      ? value
      : graph.node("Slice", [value, graph.ints([start]), graph.ints([start + used]), graph.ints([1])]);
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const i = Math.floor(tap / kw);
    const j = tap % kw;
    return { phase: phases[(i % s) * s + (j % s)], offset: Math.floor(i / s) * frameW + Math.floor(j / s) };
  });
  const dyUsed = cut(dyFlat, 0);

  if (groups > 1) {
    const left = graph.reshape(dyUsed, [groups, o / groups, used]);
    const products = taps.map(({ phase, offset }) => {
      const right = graph.reshape(cut(phase, offset), [groups, c / groups, used]);
      const product = graph.node("MatMul", [left, graph.node("Transpose", [right], { perm: [0, 2, 1] })]);
      return graph.reshape(product, [1, o, c / groups]);
    });
    return stackTaps(graph, products, o, c / groups, kh, kw);
  }
  if (c <= FEW_CHANNELS && taps.length > 1) {
    const stacked = graph.node(
      "Concat",
      taps.map(({ phase, offset }) => graph.reshape(cut(phase, offset), [c, 1, used])),
      { axis: 1 },
    );
    const columns = graph.reshape(stacked, [c * kh * kw, used]);
    const product = graph.node("Gemm", [dyUsed, columns], { transB: 1 });
    return graph.reshape(product, [o, c, kh, kw]);
  }
  const products = taps.map(({ phase, offset }) =>
    graph.reshape(graph.node("Gemm", [dyUsed, cut(phase, offset)], { transB: 1 }), [1, o, c]),
  );
  return stackTaps(graph, products, o, c, kh, kw);
}

/** [1, O, C] a tap, in raster order, to [O, C, kh, kw]. */
function stackTaps(graph: OnnxGraph, products: string[], o: number, c: number, kh: number, kw: number): string {
  const joined = products.length === 1 ? products[0] : graph.node("Concat", products, { axis: 0 });
  return graph.reshape(graph.node("Transpose", [joined], { perm: [1, 2, 0] }), [o, c, kh, kw]);
}

/** Zero padding of the last two axes of a rank-4 value; negative counts crop. */
function padPlane(graph: OnnxGraph, value: string, top: number, bottom: number, left: number, right: number): string {
  if (top === 0 && bottom === 0 && left === 0 && right === 0) return value;
  return graph.node("Pad", [value, graph.ints([0, 0, top, left, 0, 0, bottom, right])]);
}
