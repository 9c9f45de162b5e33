/**
 * @file From a graph of tensors to a serialised ONNX model.
 */

import { topologicalOrder } from "../graph.ts";
import type { Tensor } from "../tensor.ts";
import { OnnxGraph, type OnnxGraphOptions } from "./onnx-graph.ts";
import { encodeModel, FLOAT, type ValueInfo } from "./onnx-model.ts";

export interface LoweredModel {
  bytes: Uint8Array;
  /** Names of the inputs that the model really reads. */
  inputs: string[];
}

/** Lowers named outputs to one ONNX model. An output may be any tensor, also an input or a constant. */
export function lower(
  name: string,
  outputs: Readonly<Record<string, Tensor>>,
  options: OnnxGraphOptions & { metadata?: Record<string, string> },
): LoweredModel {
  const graph = new OnnxGraph(options);
  const values = new Map<Tensor, string>();
  for (const tensor of topologicalOrder(Object.values(outputs))) {
    const inputs = tensor.inputs.map((input) => values.get(input)!);
    values.set(tensor, lowerTensor(graph, inputs, tensor));
  }
  for (const tensor of Object.values(outputs)) values.set(tensor, graph.blocks.plain(values.get(tensor)!));
  const kept = new Set(Object.values(outputs).map((tensor) => values.get(tensor)!));
  graph.prune(kept);
  graph.takeShortcuts(kept);
  // A value that a node makes takes the output's name; an input, a constant or a second name for one value is copied.
  const made = new Set(graph.nodesList.flatMap((node) => node.output));
  const renamed = new Map<string, string>();
  const infos: ValueInfo[] = Object.entries(outputs).map(([output, tensor]) => {
    const value = values.get(tensor)!;
    if (made.has(value) && !renamed.has(value)) renamed.set(value, output);
    else graph.nodesList.push({ opType: "Identity", domain: "", input: [value], output: [output], attribute: [] });
    return { name: output, elemType: FLOAT, dims: tensor.shape.map((size) => graph.openSize(size)) };
  });
  const nameOf = (value: string) => renamed.get(value) ?? value;
  const nodes = graph.nodesList.map((node) => ({
    ...node,
    input: node.input.map(nameOf),
    output: node.output.map(nameOf),
  }));
  // ONNX Runtime warns of constants that nobody reads.
  const read = new Set(nodes.flatMap((node) => node.input));
  const bytes = encodeModel({
    name,
    nodes,
    initializers: graph.initializers.filter((constant) => read.has(constant.name)),
    inputs: graph.inputs,
    outputs: infos,
    metadata: options.metadata,
  });
  return { bytes, inputs: graph.inputs.map((info) => info.name) };
}

function lowerTensor(graph: OnnxGraph, inputs: readonly string[], tensor: Tensor): string {
  const blocked = inputs.some((name) => graph.blocks.has(name)) && tensor.op.lowerBlocks?.(graph, inputs, tensor);
  if (blocked) return blocked;
  const plain = inputs.map((name) => graph.blocks.plain(name));
  return tensor.op.lower(graph, plain, tensor);
}
