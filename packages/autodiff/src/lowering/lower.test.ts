/** @file Shortcuts: nodes that stand for several where nothing else needs what lies between. */

import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import { reshape, sum } from "../ops/broadcast.ts";
import { convTranspose2d } from "../ops/convolution.ts";
import { square } from "../ops/elementwise.ts";
import { input } from "../ops/leaf.ts";
import { instanceNorm } from "../ops/normalisation.ts";
import { Program, State } from "../program.ts";
import { lower } from "./lower.ts";
import { OnnxGraph, type Target } from "./onnx-graph.ts";
import { decodeModel } from "./onnx-model.ts";

test("of several reshapes in a row the last is kept, and what nobody reads is dropped", () => {
  const graph = new OnnxGraph({ target: "cpu" });
  const result = graph.node("Neg", [graph.reshape(graph.reshape("x", [4, 6]), [2, 12])]);
  graph.node("Exp", ["x"]);
  graph.prune(new Set([result]));
  expect(graph.nodesList.map(({ opType, input: [first] }) => [opType, first === "x"])).toEqual([
    ["Reshape", true],
    ["Neg", false],
  ]);
});

test("constants that nobody reads are left out of the model", () => {
  const x = input("x", [4, 6]);
  const twice = reshape(reshape(x, [2, 12]), [24]);
  const shapes = decodeModel(lower("reshapes", { twice }, { target: "any" }).bytes).initializers;
  expect(shapes.map(({ dims }) => dims)).toEqual([[1]]);
});

test("a transposed convolution whose groups have several inputs and one output goes anywhere as it goes to WebGPU", () => {
  const types = (target: Target) => {
    const graph = new OnnxGraph({ target });
    const [y, w] = [input("y", [1, 6, 4, 4]), input("w", [6, 1, 3, 3])];
    const x = convTranspose2d(y, w, { groups: 2 });
    x.op.lower(graph, ["y", "w"], x);
    return graph.nodesList.map((node) => node.opType);
  };
  expect(types("any")).toEqual(types("webgpu"));
  expect(types("any")).not.toEqual(types("cpu"));
});

describe("an affine instance normalisation", () => {
  const shapes = { x: [3, 4, 5, 6], scale: [4], shift: [4] };
  const [x, scale, shift] = Object.entries(shapes).map(([name, shape]) => input(name, shape));
  const y = instanceNorm(x, scale, shift);
  const random = new Random(1, "values");
  const feeds = { x: random.normals(360), scale: random.normals(4), shift: random.normals(4) };

  /** Largest difference between ONNX Runtime and float64, over all outputs. */
  async function difference(outputs: Record<string, typeof y>): Promise<number> {
    const state = new State(await openDevice({ threads: 1 }));
    const program = await Program.compile(state, { name: "norm", outputs });
    const actual = await program.run(feeds);
    await program.release();
    const expected = evaluate(Object.values(outputs), feeds);
    return Math.max(
      ...Object.keys(outputs).flatMap((name, i) =>
        Array.from(actual[name], (v, j) => Math.abs(v - expected[i].data[j])),
      ),
    );
  }

  test("is right by itself and beside its gradient", async () => {
    const [gradient] = gradients(sum(square(y)), [x]);
    expect(await difference({ y })).toBeLessThan(1e-5);
    expect(await difference({ y, gradient })).toBeLessThan(1e-4);
  });

  test("is one node where nobody asks for the standardised planes", () => {
    const types = (ask: (graph: OnnxGraph) => void) => {
      const graph = new OnnxGraph({ target: "cpu" });
      const result = y.op.lower(graph, ["x", "scale", "shift"], y);
      ask(graph);
      graph.takeShortcuts(new Set([result]));
      return graph.nodesList.map((node) => node.opType).filter((type) => type !== "Reshape");
    };
    expect(types(() => {})).toEqual(["InstanceNormalization"]);
    const planes = (graph: OnnxGraph) => graph.nodesList.find((node) => node.opType === "BatchNormalization")!.input[0];
    expect(types((graph) => graph.node("Neg", [planes(graph)]))).toEqual([
      "LayerNormalization",
      "BatchNormalization",
      "Neg",
    ]);
  });
});
