/** @file The distinct convolutions in the methods' training steps, as their programs hold them, and how often a turn runs each. */
import * as ad from "@hale/autodiff";
import type { StepConfig } from "./step.ts";
import { METHODS, stepOf } from "./steps/index.ts";

export interface Layer extends ad.LoneConv {
  /** Runs in a turn, by method and width. */
  runs: Record<string, number>;
}

const PARTS: Readonly<Record<string, ad.ConvPart>> = {
  conv2d: "forward",
  convTranspose2d: "input gradient",
  convWeightGradient: "weight gradient",
};

/** All convolutions of the three methods at these widths; a program in parts has the shapes of one part. */
export function layersOf(widths: readonly number[]): Layer[] {
  const layers = new Map<string, Layer>();
  for (const method of METHODS) {
    for (const width of widths) {
      const { defaults, programs, shares } = stepOf(method);
      const config: StepConfig = { method, width, ...defaults, threads: 1, seed: 1 };
      for (const [name, spec] of Object.entries(programs(config))) {
        const { results, parts } =
          "trace" in spec ? ad.partOf(spec) : { results: { ...spec.outputs, ...spec.updates }, parts: 1 };
        for (const tensor of ad.topologicalOrder(Object.values(results))) {
          const part = PARTS[tensor.op.name];
          if (!part) continue;
          const geometry = tensor.attributes as ad.ConvGeometry;
          const [images] = tensor.inputs[0].shape;
          const w = part === "weight gradient" ? tensor.shape : tensor.inputs[1].shape;
          const layer: Layer = { part, images, channels: [w[1] * geometry.groups, w[0]], geometry, runs: {} };
          const key = JSON.stringify(layer);
          const { runs } = layers.get(key) ?? layers.set(key, layer).get(key)!;
          const whose = `${method} ${width}`;
          runs[whose] = (runs[whose] ?? 0) + parts * shares[name];
        }
      }
    }
  }
  return [...layers.values()];
}

/** Floating point operations of the direct form. */
export function flopsOf({ images, channels: [c, o], geometry: { kernel, output, groups } }: ad.LoneConv): number {
  return (2 * images * o * c * kernel[0] * kernel[1] * output[0] * output[1]) / groups;
}

export function titleOf({ images, channels: [c, o], geometry: { kernel, stride, input } }: ad.LoneConv): string {
  return `${kernel.join("x")}/${stride} ${c}→${o} ${images} images ${input.join("x")}`;
}
