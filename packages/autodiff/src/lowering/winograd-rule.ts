/**
 * @file Where Winograd's products are taken instead of the direct forms of a convolution: a rule that hangs on shapes and on the
 * make of the processor only, so that a run computes the same whenever it goes on. `npm run bench -- conv` compares the forms:
 * results/conv.jsonl has an AMD Zen 4, whose direct forms are near their peak, so that only few and large products gain. On
 * an Intel Sapphire Rapids, where a multiplication costs half as much and the third-level cache is far, direct weight
 * gradients ran at 79 to 122 of 260 GFLOP/s and Winograd's gained 1.4 to 3.7 times on 17 shapes of 16 to 512 channels.
 */
import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { hasWinograd, TILE } from "./winograd-matrices.ts";

/** The three ops that a convolution is made of. */
export type ConvPart = "forward" | "input gradient" | "weight gradient";

/** Tiles of all images: fewer make products with too few rows. */
const LEAST_TILES = 16;

/**
 * Least channels on the narrower and on the wider end, and the longest axis: the transforms' work grows with the axis where
 * that is a product with a banded matrix, and with the memory that they pass through.
 */
interface Bounds {
  narrow: number;
  wide: number;
  axis: number;
}

interface Rule {
  /** For the forward pass and the input gradient. */
  values: readonly Bounds[];
  /** For the weight gradient. */
  weights: readonly Bounds[];
  /** Tiles in a row of all images, which the weight gradient's products sum over; fewer leave them too little to do. */
  leastSum: number;
}

const NEAR_CACHE: Rule = {
  values: [
    { narrow: 64, wide: 64, axis: 8 },
    { narrow: 64, wide: 256, axis: 16 },
    { narrow: 128, wide: 128, axis: 16 },
    { narrow: 128, wide: 256, axis: 32 },
  ],
  weights: [
    { narrow: 64, wide: 64, axis: 8 },
    { narrow: 128, wide: 128, axis: 32 },
  ],
  leastSum: 32,
};

const FAR_CACHE: Rule = {
  values: [
    { narrow: 64, wide: 64, axis: 8 },
    { narrow: 64, wide: 128, axis: 64 },
  ],
  weights: [{ narrow: 16, wide: 16, axis: 64 }],
  leastSum: 16,
};

/** Whether an op of a convolution of n images, with weights [O, C, ...], is taken by Winograd's products. */
export function takesWinograd(
  { options, target }: Pick<OnnxGraph, "options" | "target">,
  part: ConvPart,
  n: number,
  [o, c]: Shape,
  g: ConvGeometry,
): boolean {
  if (options.exact || !hasWinograd(g)) return false;
  if (options.winogradAlways) return true;
  const [rows, columns] = g.output.map((size) => Math.ceil(size / TILE));
  if (target !== "cpu" || n * rows * columns < LEAST_TILES) return false;
  const rule = options.farCache ? FAR_CACHE : NEAR_CACHE;
  if (part === "weight gradient" && n * columns < rule.leastSum) return false;
  const axis = Math.max(...g.input, ...g.output);
  return (part === "weight gradient" ? rule.weights : rule.values).some(
    (most) => Math.min(o, c) >= most.narrow && Math.max(o, c) >= most.wide && axis <= most.axis,
  );
}
