/** @file What all reductions over axes share: shapes, the naive float64 reference, and planes of channels in blocks. */
import { forEachIndex } from "../array64.ts";
import type { OnnxGraph } from "../lowering/onnx-graph.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";

export interface ReduceAttributes {
  axes: readonly number[];
}

/** The shape with the reduced axes kept as 1. */
export function kept(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

export function reduce64(
  shape: Shape,
  data: Float64Array,
  axes: readonly number[],
  start: number,
  combine: (a: number, b: number) => number,
): Float64Array {
  const target = kept(shape, axes);
  const strides = stridesOf(target);
  const result = new Float64Array(sizeOf(target)).fill(start);
  forEachIndex(shape, (index, flat) => {
    let to = 0;
    for (let axis = 0; axis < shape.length; axis++) if (target[axis] !== 1) to += index[axis] * strides[axis];
    result[to] = combine(result[to], data[flat]);
  });
  return result;
}

/** Over rows and columns, and over images or not. */
export const overPlanes = (axes: readonly number[]) => [2, 3].every((axis) => axes.includes(axis)) && !axes.includes(1);

/** What `join` makes of the planes [N, C, 1, 1] of all images, where the axes have them. */
export function overImages(graph: OnnxGraph, join: string, planes: string, axes: readonly number[]): string {
  return axes.includes(0) ? graph.node(join, [planes, graph.ints([0])], { keepdims: 1 }) : planes;
}
