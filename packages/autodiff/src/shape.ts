/**
 * @file Shape arithmetic: sizes, strides and NumPy broadcasting. Shapes are static; the one symbolic size, the batch of
 * an exported detector, is handled in `lowering/` (see `SYMBOLIC_BATCH`).
 */

export type Shape = readonly number[];

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The shape that `a` and `b` broadcast to, by NumPy's rule. Throws when they do not. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`Shapes [${a}] and [${b}] do not broadcast.`);
    }
    return left === 1 ? right : left;
  });
}

/** Turns negative axes into positive ones and sorts them. */
export function normaliseAxes(axes: readonly number[], rank: number): number[] {
  return axes
    .map((axis) => {
      const positive = axis < 0 ? axis + rank : axis;
      if (positive < 0 || positive >= rank) throw new RangeError(`Axis ${axis} is outside rank ${rank}.`);
      return positive;
    })
    .sort((a, b) => a - b);
}
