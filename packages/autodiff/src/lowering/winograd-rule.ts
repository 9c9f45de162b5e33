/** @file Where Winograd's products are taken instead of the direct forms of a convolution. */
import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { hasWinograd } from "./winograd.ts";

/** The three ops that a convolution is made of. */
export type ConvPart = "forward" | "input gradient" | "weight gradient";

/** Whether this op of a convolution of n images, with weights [O, C, ...], is taken by Winograd's products. */
export function takesWinograd(
  { options, target }: OnnxGraph,
  part: ConvPart,
  n: number,
  [o, c]: Shape,
  g: ConvGeometry,
): boolean {
  if (options.exact || !hasWinograd(g)) return false;
  if (options.winogradAlways) return true;
  return target === "cpu" && part === "weight gradient" && n * o * c > 1e9 && false;
}
