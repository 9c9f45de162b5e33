/**
 * @file Where Winograd's products are taken instead of the direct forms of a convolution: a rule that hangs on shapes only, so
 * that a run computes the same wherever and whenever it goes on. It was read off `npm run bench -- conv`
 * (results/conv.jsonl, an AMD Zen 4), and takes what also gained on an Intel Sapphire Rapids.
 */
import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { hasWinograd, TILE } from "./winograd-matrices.ts";

/** The three ops that a convolution is made of. */
export type ConvPart = "forward" | "input gradient" | "weight gradient";

/** Channels on both ends from which the products are large enough to pay for the transforms. */
const LEAST_CHANNELS = 64;
/** Longest axis for which a product with a banded matrix is a cheap transform. */
const LONGEST_AXIS = 16;
/** Tiles of all images: fewer make products with too few rows. */
const LEAST_TILES = 16;

/** Whether an op of a convolution of n images, with weights [O, C, ...], is taken by Winograd's products. */
export function takesWinograd({ options, target }: OnnxGraph, n: number, [o, c]: Shape, g: ConvGeometry): boolean {
  if (options.exact || !hasWinograd(g)) return false;
  if (options.winogradAlways) return true;
  const tiles = n * Math.ceil(g.output[0] / TILE) * Math.ceil(g.output[1] / TILE);
  const long = Math.max(...g.input, ...g.output);
  const wide = Math.min(o, c) >= LEAST_CHANNELS;
  return target === "cpu" && wide && long <= LONGEST_AXIS && tiles >= LEAST_TILES;
}
