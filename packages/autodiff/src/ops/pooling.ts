/**
 * @file Max and average pooling.
 */
import { forEachIndex } from "../array64.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { conv2d } from "./convolution.ts";
import { add, equal, mul, sub } from "./elementwise.ts";
import { embed, pad as padZeros, slice } from "./layout.ts";
import { constant, detach } from "./leaf.ts";

interface PoolAttributes {
  size: number;
  stride: number;
  pad: number;
}

const maxPoolOp: Op<PoolAttributes> = {
  name: "maxPool2d",
  shape: ([x], { size, stride, pad }) => {
    if (pad * 2 > size) throw new RangeError("pad is over half the window.");
    return [x[0], x[1], ...x.slice(2).map((s) => Math.floor((s + 2 * pad - size) / stride) + 1)];
  },
  gradient: (node, g) => {
    // Each window's gradient goes to its first maximum in raster order, as in PyTorch.
    const { size, stride, pad } = node.attributes;
    const [x] = node.inputs;
    const [n, c, oh, ow] = node.shape;
    // Padding must never win, so shift everything above zero first: compare inside the padded frame with a mask.
    const frame = padZeros(x, [0, 0, pad, pad], [0, 0, pad, pad]);
    const inside = padZeros(
      constant(new Float32Array(x.shape[2] * x.shape[3]).fill(1), [1, 1, x.shape[2], x.shape[3]]),
      [0, 0, pad, pad],
      [0, 0, pad, pad],
    );
    const steps = [1, 1, stride, stride];
    let taken: Tensor | null = null;
    let total: Tensor | null = null;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const at = [0, 0, i, j];
        const candidate = slice(frame, at, [n, c, oh, ow], steps);
        let hit = equal(detach(candidate), detach(node));
        if (pad > 0) hit = mul(hit, slice(inside, at, [1, 1, oh, ow], steps));
        const first: Tensor = taken ? mul(hit, sub(1, taken)) : hit;
        taken = taken ? add(taken, first) : first;
        const part = embed(mul(g, first), frame.shape, at, steps);
        total = total ? add(total, part) : part;
      }
    }
    return [slice(total!, [0, 0, pad, pad], x.shape)];
  },
  reference: ([x], node) => {
    const { size, stride, pad } = node.attributes;
    const [, channels, height, width] = x.shape;
    const y = new Float64Array(node.shape.reduce((a, b) => a * b, 1)).fill(-Infinity);
    forEachIndex(node.shape, ([n, c, r, s], flat) => {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const row = r * stride + i - pad;
          const column = s * stride + j - pad;
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          y[flat] = Math.max(y[flat], x.data[((n * channels + c) * height + row) * width + column]);
        }
      }
    });
    return y;
  },
  lower: (graph, inputs, { attributes: { size, stride, pad } }) =>
    graph.node("MaxPool", inputs, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    }),
};

/** Maximum over windows of x [N, C, H, W]; padding never wins. */
export function maxPool2d(x: Tensor, size: number, { stride = size, pad = 0 } = {}): Tensor {
  return apply(maxPoolOp, [x], { size, stride, pad });
}

/** Mean over windows of x [N, C, H, W], padding counted as zeros: a depthwise convolution with a flat kernel. */
export function avgPool2d(x: Tensor, size: number, { stride = size, pad = 0 } = {}): Tensor {
  const channels = x.shape[1];
  const kernel = constant(new Float32Array(channels * size * size).fill(1 / (size * size)), [channels, 1, size, size]);
  return conv2d(x, kernel, { stride, pad, groups: channels });
}
