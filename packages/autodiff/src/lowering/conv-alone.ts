/**
 * @file One op of a convolution as a model of its own, as it stands in the middle of a network: values come and go with their
 * channels in blocks, where the device has them. For timing one form of it against another.
 */
import { type Shape, sizeOf } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import { lowerConvWeightGradient } from "./conv-weight-gradient.ts";
import { lowerConv, lowerConvTranspose } from "./convolution.ts";
import type { LoweredModel } from "./lower.ts";
import { OnnxGraph, type OnnxGraphOptions } from "./onnx-graph.ts";
import { encodeModel, FLOAT } from "./onnx-model.ts";
import type { ConvPart } from "./winograd-rule.ts";

export interface LoneConv {
  part: ConvPart;
  images: number;
  /** Input and output channels of the convolution. */
  channels: readonly [number, number];
  geometry: ConvGeometry;
}

/** The model, its inputs' shapes by name, and its output "result". */
export function convAlone(
  { part, images, channels: [c, o], geometry }: LoneConv,
  options: OnnxGraphOptions,
): LoweredModel & { shapes: Readonly<Record<string, Shape>> } {
  const graph = new OnnxGraph(options);
  const all: Record<string, Shape> = {
    x: [images, c, ...geometry.input],
    w: [o, c / geometry.groups, ...geometry.kernel],
    dy: [images, o, ...geometry.output],
  };
  const take = (name: string) => {
    const shape = all[name];
    graph.input(name, shape);
    return name !== "w" && graph.blocks.fit(shape) ? graph.blocks.mark(name, shape) : name;
  };
  const emit = {
    forward: () => lowerConv(graph, take("x"), take("w"), all.x, all.w, geometry),
    "input gradient": () => lowerConvTranspose(graph, take("dy"), take("w"), all.dy, all.w, geometry),
    "weight gradient": () => lowerConvWeightGradient(graph, take("x"), take("dy"), all.x, all.dy, geometry),
  };
  const result = emit[part]();
  graph.prune(new Set([result]));
  const last = { opType: "Reshape", domain: "", input: [result, graph.ints([-1])], output: ["result"], attribute: [] };
  const inputs = graph.inputs.map(({ name }) => name);
  const size = sizeOf({ forward: all.dy, "input gradient": all.x, "weight gradient": all.w }[part]);
  const bytes = encodeModel({
    name: "alone",
    nodes: [...graph.nodesList, last],
    initializers: graph.initializers,
    inputs: graph.inputs,
    outputs: [{ name: "result", elemType: FLOAT, dims: [size] }],
  });
  return { bytes, inputs, shapes: Object.fromEntries(inputs.map((name) => [name, all[name]])) };
}
