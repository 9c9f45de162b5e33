/** @file Ops that move elements without changing them: transpose, slice, pad, concatenate. Reshape and expand: broadcast.ts. */
import { fill64, readBroadcast } from "../array64.ts";
import { normaliseAxes, type Shape, sameShape, stridesOf } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";

const transposeOp: Op<{ order: readonly number[] }> = {
  name: "transpose",
  shape: ([x], { order }) => {
    if (order.length !== x.length || new Set(order).size !== x.length) throw new RangeError(`bad order [${order}].`);
    return order.map((axis) => x[axis]);
  },
  gradient: (node, g) => {
    const { order } = node.attributes;
    return [
      transpose(
        g,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  reference: ([x], node) => {
    const strides = stridesOf(x.shape);
    const { order } = node.attributes;
    return fill64(node.shape, (index) => x.data[index.reduce((flat, i, axis) => flat + i * strides[order[axis]], 0)]);
  },
  lower: (graph, [x], node) => graph.node("Transpose", [x], { perm: [...node.attributes.order] }),
};

/** Output axis i is input axis order[i]. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return order.every((axis, i) => axis === i) ? x : apply(transposeOp, [x], { order });
}

interface SliceAttributes {
  starts: readonly number[];
  sizes: readonly number[];
  steps: readonly number[];
}

const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  shape: ([x], { starts, sizes, steps }) => {
    x.forEach((size, axis) => {
      const last = starts[axis] + (sizes[axis] - 1) * steps[axis];
      if (starts[axis] < 0 || sizes[axis] < 1 || steps[axis] < 1 || last >= size) {
        throw new RangeError(`slice start ${starts}, size ${sizes}, step ${steps} leaves it.`);
      }
    });
    return sizes;
  },
  gradient: (node, g) => {
    const { starts, steps } = node.attributes;
    return [embed(g, node.inputs[0].shape, starts, steps)];
  },
  reference: ([x], node) => {
    const strides = stridesOf(x.shape);
    const { starts, steps } = node.attributes;
    return fill64(
      node.shape,
      (index) => x.data[index.reduce((flat, i, axis) => flat + (starts[axis] + i * steps[axis]) * strides[axis], 0)],
    );
  },
  lower: (graph, [x], node) => {
    const { starts, sizes, steps } = node.attributes;
    const from = node.inputs[0].shape;
    const axes = from.map((_, axis) => axis).filter((axis) => sizes[axis] !== from[axis]);
    const ends = axes.map((axis) => starts[axis] + (sizes[axis] - 1) * steps[axis] + 1);
    return graph.node("Slice", [
      x,
      graph.ints(axes.map((axis) => starts[axis])),
      graph.ints(ends),
      graph.ints(axes),
      graph.ints(axes.map((axis) => steps[axis])),
    ]);
  },
  lowerBlocks: (graph, inputs, node) => {
    const { starts, sizes, steps } = node.attributes;
    const [, c, h, w] = node.inputs[0].shape;
    const wholeBlocks = steps[1] === 1 && [starts[1], sizes[1]].every((count) => count % graph.blocks.size === 0);
    if (sizes[2] !== h || sizes[3] !== w || (sizes[1] !== c && !wholeBlocks)) return null;
    return graph.blocks.mark(sliceOp.lower(graph, inputs, node), node.shape);
  },
};

/** `sizes` elements from `starts`, every `steps`-th, along every axis. */
export function slice(
  x: Tensor,
  starts: readonly number[],
  sizes: readonly number[],
  steps?: readonly number[],
): Tensor {
  if (sameShape(x.shape, sizes)) return x;
  return apply(sliceOp, [x], { starts, sizes, steps: steps ?? sizes.map(() => 1) });
}

/** `size` elements from `start` along one axis. */
export function sliceAxis(x: Tensor, axis: number, start: number, size: number): Tensor {
  const [at] = normaliseAxes([axis], x.rank);
  const pick = (value: number, otherwise: (i: number) => number) =>
    x.shape.map((_, i) => (i === at ? value : otherwise(i)));
  return slice(
    x,
    pick(start, () => 0),
    pick(size, (i) => x.shape[i]),
  );
}

interface EmbedAttributes {
  shape: Shape;
  starts: readonly number[];
  steps: readonly number[];
}

const embedOp: Op<EmbedAttributes> = {
  name: "embed",
  shape: ([x], { shape, starts, steps }) => {
    x.forEach((size, axis) => {
      if (starts[axis] < 0 || starts[axis] + (size - 1) * steps[axis] >= shape[axis]) {
        throw new RangeError(`does not fit into [${shape}] at ${starts}.`);
      }
    });
    return shape;
  },
  gradient: (node, g) => {
    const [x] = node.inputs;
    return [slice(g, node.attributes.starts, x.shape, node.attributes.steps)];
  },
  reference: ([x], node) => {
    const { starts, steps } = node.attributes;
    const strides = stridesOf(x.shape);
    return fill64(node.shape, (index) => {
      let flat = 0;
      for (let axis = 0; axis < index.length; axis++) {
        const offset = index[axis] - starts[axis];
        const at = offset / steps[axis];
        if (offset < 0 || offset % steps[axis] !== 0 || at >= x.shape[axis]) return 0;
        flat += at * strides[axis];
      }
      return x.data[flat];
    });
  },
  lower: (graph, [x], node) => {
    const { shape, starts, steps } = node.attributes;
    const from = node.inputs[0].shape;
    let value = x;
    // Zeros between the elements of an axis: give it a neighbour of size 1, pad that to the step, merge the two.
    const spread = [...from];
    for (let axis = 0; axis < from.length; axis++) {
      if (steps[axis] === 1 || from[axis] === 1) continue;
      value = graph.reshape(value, [...spread.slice(0, axis + 1), 1, ...spread.slice(axis + 1)]);
      const pads = new Array<number>(2 * (spread.length + 1)).fill(0);
      pads[spread.length + 1 + axis + 1] = steps[axis] - 1;
      value = graph.node("Pad", [value, graph.ints(pads)]);
      spread[axis] *= steps[axis];
      value = graph.reshape(value, spread);
    }
    // The last zeros may reach past the end, where a negative pad cuts them off.
    const after = spread.map((size, axis) => shape[axis] - starts[axis] - size);
    if (starts.every((start) => start === 0) && after.every((count) => count === 0)) return value;
    return graph.node("Pad", [value, graph.ints([...starts, ...after])]);
  },
};

/** Zeros of `shape` with `x` written at `starts`, every `steps`-th: the adjoint of `slice`. */
export function embed(x: Tensor, shape: Shape, starts: readonly number[], steps?: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return apply(embedOp, [x], { shape, starts, steps: steps ?? starts.map(() => 1) });
}

/** Zero padding: `before` and `after` elements along every axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return embed(
    x,
    x.shape.map((size, axis) => before[axis] + size + after[axis]),
    before,
  );
}

const concatOp: Op<{ axis: number }> = {
  name: "concat",
  shape: (shapes, { axis }) => {
    const [first] = shapes;
    for (const shape of shapes) {
      if (shape.length !== first.length || shape.some((size, i) => i !== axis && size !== first[i])) {
        throw new RangeError(`cannot be joined along axis ${axis}.`);
      }
    }
    return first.map((size, i) => (i === axis ? shapes.reduce((total, shape) => total + shape[i], 0) : size));
  },
  gradient: (node, g) => {
    const { axis } = node.attributes;
    let start = 0;
    return node.inputs.map((part) => {
      const piece = sliceAxis(g, axis, start, part.shape[axis]);
      start += part.shape[axis];
      return piece;
    });
  },
  reference: (parts, node) => {
    const { axis } = node.attributes;
    return fill64(node.shape, (index) => {
      let at = index[axis];
      const part = parts.find((candidate) => {
        if (at < candidate.shape[axis]) return true;
        at -= candidate.shape[axis];
        return false;
      })!;
      return readBroadcast(
        part,
        index.map((i, j) => (j === axis ? at : i)),
      );
    });
  },
  lower: (graph, inputs, node) => graph.node("Concat", inputs, { axis: node.attributes.axis }),
  lowerBlocks: (graph, inputs, node) => {
    // Whole blocks move as they are.
    const shapes = node.inputs.map((part) => part.shape);
    if (node.attributes.axis > 1 || !shapes.every((shape) => graph.blocks.fit(shape))) return null;
    const parts = inputs.map((name, i) => graph.blocks.enter(name, shapes[i]));
    return graph.blocks.mark(concatOp.lower(graph, parts, node), node.shape);
  },
};

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  if (parts.length === 1) return parts[0];
  const [at] = normaliseAxes([axis], parts[0].rank);
  return apply(concatOp, parts, { axis: at });
}
