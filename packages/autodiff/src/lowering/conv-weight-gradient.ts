/**
 * @file The weight gradient of a convolution in ONNX, which has no such op: dW[o,c,i,j] = Σ dy[n,o,p]·x[n,c,p·s + k - pad].
 * It has three forms: a blocked convolution where that is fastest (`conv-weight-gradient-blocked.ts`), a product with x's
 * patches where there are few positions, and otherwise products over one common frame:
 *
 * Both sides are laid out channel-first, [channels, images·rows·columns], with zeros behind every row and every image. A
 * tap is then one contiguous shift of x against dy, wrapped positions meet only zeros, and dW is a matrix product over the
 * frame. The zeros behind one row serve as those before the next, so that small maps waste little. A stride s takes every
 * s-th row and column of x: s·s frames (polyphase).
 *
 * Shifts are copies, so they are shared between the sides: row shifts on x, column shifts on dy, 6 copies for 9 taps.
 * Thin sides are stacked into one larger product; where one side is very thin it alone carries all the shifts.
 */

import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import { blockedRoles, lowerBlockedWeightGradient } from "./conv-weight-gradient-blocked.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { winogradWeightGradient } from "./winograd.ts";
import { takesWinograd } from "./winograd-rule.ts";

/** Sides of a frame with fewer channels than this are stacked; wider ones are multiplied tap by tap, which spares the copy. */
const STACK_BELOW = { x: 32, dy: 64 };

/** Positions of a batch up to which x's patches are written out: dW is then one product, in its own order. */
const FEW_POSITIONS = { beforeBlocks: 32, beforeFrames: 128 };

/** dW [O, C·kh·kw] = dy [O, positions] · patches [positions, C·kh·kw]. */
function fromPatches(
  graph: OnnxGraph,
  x: string,
  dy: string,
  [n, c, h, w]: Shape,
  dyShape: Shape,
  { stride, pad, kernel: [kh, kw], output: [oh, ow] }: ConvGeometry,
): string {
  const o = dyShape[1];
  const [height, width] = [h + 2 * pad, w + 2 * pad];
  const padded = pad > 0 ? graph.node("Pad", [x, graph.ints([0, 0, pad, pad, 0, 0, pad, pad])]) : x;
  const positions = Array.from({ length: oh * ow }, (_, p) => stride * (Math.floor(p / ow) * width + (p % ow)));
  const places = positions.flatMap((start) =>
    Array.from({ length: kh * kw }, (_, k) => start + Math.floor(k / kw) * width + (k % kw)),
  );
  const flat = graph.reshape(padded, [n, c, height * width]);
  const gathered = graph.node("Gather", [flat, graph.ints(places)], { axis: 2 });
  const byPosition = graph.node("Transpose", [graph.reshape(gathered, [n, c, oh * ow, kh * kw])], {
    perm: [0, 2, 1, 3],
  });
  const patches = graph.reshape(byPosition, [n * oh * ow, c * kh * kw]);
  const rows = graph.node("Transpose", [graph.reshape(dy, [n, o, oh * ow])], { perm: [0, 2, 1] });
  const product = graph.node("Gemm", [graph.reshape(rows, [n * oh * ow, o]), patches], { transA: 1 });
  return graph.reshape(product, [o, c, kh, kw]);
}

/** One tap along one axis: p·s + k - pad = s·(p + shift) + phase. */
interface AxisTap {
  phase: number;
  shift: number;
}

function axisTaps(kernel: number, stride: number, pad: number): AxisTap[] {
  return Array.from({ length: kernel }, (_, k) => {
    const shift = Math.floor((k - pad) / stride);
    return { shift, phase: k - pad - shift * stride };
  });
}

/** Length of a frame's axis: enough zeros behind the data that no shift wraps onto other data. */
function frameLength(input: number, output: number, stride: number, taps: readonly AxisTap[]): number {
  const shifts = taps.map((tap) => tap.shift);
  const data = Math.ceil(input / stride);
  return Math.max(data, output, data - Math.min(...shifts), output + Math.max(...shifts));
}

export function lowerConvWeightGradient(
  graph: OnnxGraph,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  geometry: ConvGeometry,
): string {
  if (takesWinograd(graph, "weight gradient", xShape[0], [dyShape[1], xShape[1]], geometry)) {
    return winogradWeightGradient(graph, x, dy, xShape, dyShape, geometry);
  }
  const roles = blockedRoles(graph, xShape, dyShape, geometry);
  const positions = dyShape[0] * geometry.output[0] * geometry.output[1];
  if (geometry.groups === 1 && positions <= (roles ? FEW_POSITIONS.beforeBlocks : FEW_POSITIONS.beforeFrames)) {
    return fromPatches(graph, graph.blocks.plain(x), graph.blocks.plain(dy), xShape, dyShape, geometry);
  }
  if (roles) return lowerBlockedWeightGradient(graph, x, dy, xShape, dyShape, geometry, roles);
  return fromFrames(graph, graph.blocks.plain(x), graph.blocks.plain(dy), xShape, dyShape, geometry);
}

/** Products over one common frame. */
function fromFrames(
  graph: OnnxGraph,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  geometry: ConvGeometry,
): string {
  const {
    stride,
    pad,
    groups,
    kernel: [kh, kw],
    output: [oh, ow],
  } = geometry;
  const [n, c, h, w] = xShape;
  const o = dyShape[1];
  const rows = axisTaps(kh, stride, pad);
  const columns = axisTaps(kw, stride, pad);
  const frameH = frameLength(h, oh, stride, rows);
  const frameW = frameLength(w, ow, stride, columns);
  const image = frameH * frameW;
  const length = n * image;
  // A rim of empty images before and after takes the shifts that leave the first or last one.
  const reach =
    Math.max(...rows.map((tap) => Math.abs(tap.shift))) * frameW +
    Math.max(...columns.map((tap) => Math.abs(tap.shift)));
  const rim = kh * kw === 1 ? 0 : Math.ceil(reach / image);
  const framed = (n + 2 * rim) * image;

  /** [channels, images, height, width] into its frame, flat. */
  const frame = (value: string, channels: number, height: number, width: number) => {
    const pads = [0, rim, 0, 0, 0, rim, frameH - height, frameW - width];
    const padded = pads.some((count) => count > 0) ? graph.node("Pad", [value, graph.ints(pads)]) : value;
    return graph.reshape(padded, [channels, framed]);
  };
  const shifted = (flat: string, by: number) => {
    if (rim === 0) return flat;
    const start = rim * image + by;
    return graph.node("Slice", [flat, graph.ints([start]), graph.ints([start + length]), graph.ints([1])]);
  };
  const stack = (parts: string[]) => (parts.length === 1 ? parts[0] : graph.node("Concat", parts, { axis: 0 }));

  const channelFirst = (value: string) => graph.node("Transpose", [value], { perm: [1, 0, 2, 3] });
  const xFirst = channelFirst(x);
  const phaseOf = (a: number, b: number) => {
    if (stride === 1) return frame(xFirst, c, h, w);
    const part = graph.node("Slice", [
      xFirst,
      graph.ints([a, b]),
      graph.ints([h, w]),
      graph.ints([2, 3]),
      graph.ints([stride, stride]),
    ]);
    return frame(part, c, Math.ceil((h - a) / stride), Math.ceil((w - b) / stride));
  };
  const dyFlat = frame(channelFirst(dy), o, oh, ow);

  if (groups > 1) {
    const left = graph.reshape(shifted(dyFlat, 0), [groups, o / groups, length]);
    const products = rows.flatMap((row) =>
      columns.map((column) => {
        const right = shifted(phaseOf(row.phase, column.phase), row.shift * frameW + column.shift);
        const turned = graph.node("Transpose", [graph.reshape(right, [groups, c / groups, length])], {
          perm: [0, 2, 1],
        });
        return graph.reshape(graph.node("MatMul", [left, turned]), [1, o, c / groups]);
      }),
    );
    return graph.reshape(graph.node("Transpose", [stack(products)], { perm: [1, 2, 0] }), [o, c / groups, kh, kw]);
  }

  // Elements that would be copied by each way of sharing the shifts between the sides.
  const shared = kh * c + kw * o;
  const onX = kh * kw * c + o;
  const onDy = stride === 1 ? c + kh * kw * o : Number.POSITIVE_INFINITY;
  if (onX < shared && onX <= onDy) {
    const taps = rows.flatMap((row) =>
      columns.map((column) => shifted(phaseOf(row.phase, column.phase), row.shift * frameW + column.shift)),
    );
    const product = graph.node("Gemm", [shifted(dyFlat, 0), stack(taps)], { transB: 1 }); // [O, k·k·C]
    return graph.reshape(graph.node("Transpose", [graph.reshape(product, [o, kh * kw, c])], { perm: [0, 2, 1] }), [
      o,
      c,
      kh,
      kw,
    ]);
  }
  if (onDy < shared) {
    const taps = rows.flatMap((row) => columns.map((column) => shifted(dyFlat, -(row.shift * frameW + column.shift))));
    const product = graph.node("Gemm", [stack(taps), shifted(phaseOf(0, 0), 0)], { transB: 1 }); // [k·k·O, C]
    return graph.reshape(graph.node("Transpose", [graph.reshape(product, [kh * kw, o, c])], { perm: [1, 2, 0] }), [
      o,
      c,
      kh,
      kw,
    ]);
  }

  // Row shifts on x, column shifts on dy. Every product is [columns of a phase]·O by [rows]·C; the pieces are put into
  // raster order at the end.
  const pieces: string[] = new Array(kh * kw);
  const stackX = c < STACK_BELOW.x;
  const stackDy = o < STACK_BELOW.dy;
  for (let phase = 0; phase < stride; phase++) {
    const mine = columns.map((tap, j) => ({ ...tap, j })).filter((tap) => tap.phase === phase);
    if (mine.length === 0) continue;
    const dyShifts = mine.map((tap) => shifted(dyFlat, -tap.shift));
    const xShifts = rows.map((tap) => shifted(phaseOf(tap.phase, phase), tap.shift * frameW));
    const lefts = stackDy
      ? [{ value: stack(dyShifts), taps: mine }]
      : mine.map((tap, i) => ({ value: dyShifts[i], taps: [tap] }));
    const rights = stackX
      ? [{ value: stack(xShifts), taps: rows.map((_, i) => i) }]
      : xShifts.map((value, i) => ({ value, taps: [i] }));
    for (const left of lefts) {
      for (const right of rights) {
        const product = graph.node("Gemm", [left.value, right.value], { transB: 1 });
        // [columns·O, rows·C] to [columns, rows, O, C], one piece a tap.
        const split = graph.reshape(product, [left.taps.length, o, right.taps.length, c]);
        const turned = right.taps.length === 1 ? split : graph.node("Transpose", [split], { perm: [0, 2, 1, 3] });
        const flat = graph.reshape(turned, [left.taps.length * right.taps.length, o, c]);
        left.taps.forEach(({ j }, l) => {
          right.taps.forEach((i, r) => {
            const at = l * right.taps.length + r;
            pieces[i * kw + j] =
              left.taps.length * right.taps.length === 1
                ? flat
                : graph.node("Slice", [flat, graph.ints([at]), graph.ints([at + 1]), graph.ints([0])]);
          });
        });
      }
    }
  }
  const raster = graph.reshape(stack(pieces), [kh * kw, o * c]);
  return graph.reshape(graph.node("Transpose", [raster], { perm: [1, 0] }), [o, c, kh, kw]);
}
