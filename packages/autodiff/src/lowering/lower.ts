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
  /** Number of ONNX nodes, for reports. */
  nodes: number;
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
    values.set(tensor, tensor.op.lower(graph, inputs, tensor));
  }
  const infos: ValueInfo[] = Object.entries(outputs).map(([output, tensor]) => {
    // A name of its own for every output, also where two outputs are one value.
    graph.nodesList.push({
      opType: "Identity",
      domain: "",
      input: [values.get(tensor)!],
      output: [output],
      attribute: [],
    });
    return { name: output, elemType: FLOAT, dims: tensor.shape.map((size) => graph.openSize(size)) };
  });
  const bytes = encodeModel({
    name,
    nodes: graph.nodesList,
    initializers: graph.initializers,
    inputs: graph.inputs,
    outputs: infos,
    metadata: options.metadata,
  });
  return { bytes, inputs: graph.inputs.map((info) => info.name), nodes: graph.nodesList.length };
}
