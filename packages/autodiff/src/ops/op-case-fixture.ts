/** @file What a case of `ops.test.ts` is. */
import type { Random } from "@hale/core";
import type { Arbitrary } from "fast-check";
import type { Numerics } from "../lowering/onnx-graph.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** An op with random shapes and settings, and where its samples must stay away from kinks or poles. */
export interface OpCase {
  name: string;
  shapes: Arbitrary<{ inputs: Shape[]; build: (inputs: Tensor[]) => Tensor }>;
  /** Draws one value for input `i`; standard normal by default. */
  sample?: (random: Random, i: number) => number;
  /** How many of the inputs have gradients; all by default. */
  differentiable?: number;
  /** How it is worked out, where not by default. */
  numerics?: Numerics;
  runs?: number;
  /** False leaves out finite differences, which the same op at smaller sizes has had already. */
  derivatives?: boolean;
}
