/**
 * @file Dense float64 arrays for the reference evaluator: plain loops, no cleverness. Not for training.
 */
import { type Shape, sizeOf, stridesOf } from "./shape.ts";

export interface Array64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Calls `visit` with every index of `shape` in row-major order, and its flat position. The index is reused. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const total = sizeOf(shape);
  for (let flat = 0; flat < total; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Reads `array` at `index` of a shape that it broadcasts to. */
export function readBroadcast(array: Array64, index: readonly number[]): number {
  const strides = stridesOf(array.shape);
  const shift = index.length - array.shape.length;
  let flat = 0;
  for (let axis = 0; axis < array.shape.length; axis++) {
    if (array.shape[axis] !== 1) flat += index[axis + shift] * strides[axis];
  }
  return array.data[flat];
}

/** Fills an array of `shape` from a function of the index. */
export function fill64(shape: Shape, value: (index: readonly number[]) => number): Float64Array {
  const data = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, flat) => {
    data[flat] = value(index);
  });
  return data;
}
