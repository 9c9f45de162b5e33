/**
 * @file Every op of ONNX that becomes a layer, alone and in the ways that networks join them: the backbone gives what loops
 * in float64 give, and so does ONNX Runtime for the model as it came.
 */
import { evaluate, input } from "@hale/autodiff";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { readBackbone, writeBackbone } from "../backbone-file.ts";
import { FeatureNetwork } from "../network.ts";
import { largestDifference, noise } from "../node/test-support.ts";
import { importOnnx } from "./import-onnx.ts";
import {
  type FixtureAttribute,
  type FixtureModel,
  type FixtureNode,
  type FixtureTensor,
  onnxBytes,
} from "./model-fixture.ts";
import { runReference } from "./reference-fixture.ts";

const tensor = (dims: number[], seed: number, kind?: FixtureTensor["kind"]): FixtureTensor => {
  const count = dims.reduce((product, size) => product * size, 1);
  return { dims, data: noise(count, seed), ...(kind && { kind }) };
};
const ints = (...data: number[]): FixtureTensor => ({ dims: [data.length], data, kind: "int64" });
const scalar = (value: number): FixtureTensor => ({ dims: [], data: [value] });

const node = (
  op: string,
  inputs: string,
  output: string,
  attributes: Record<string, FixtureAttribute> = {},
): FixtureNode => {
  // Names between commas; an empty one is an input that is left out.
  return { op, inputs: inputs.split(","), outputs: [output], name: `node_${output}`, attributes };
};

/** Gain, offset, mean and variance (above zero) of a normalisation of `count` channels. */
const norm = (name: string, count: number): Record<string, FixtureTensor> => ({
  [`${name}g`]: tensor([count], 31),
  [`${name}o`]: tensor([count], 32),
  [`${name}m`]: tensor([count], 33),
  [`${name}v`]: { dims: [count], data: noise(count, 34).map((value) => value * value + 0.1) },
});
const normalise = (from: string, name: string, to: string, attributes = {}) =>
  node("BatchNormalization", [from, ...["g", "o", "m", "v"].map((letter) => name + letter)].join(), to, attributes);

const conv3 = { w: tensor([4, 3, 3, 3], 1), b: tensor([4], 2) };
const pads = { pads: [1, 1, 1, 1] };

interface Case {
  name: string;
  model: FixtureModel;
  /** How many layers are left when all is joined. */
  layers: number;
  /** ONNX Runtime cannot run it. */
  foreign?: boolean;
}

const one = (
  name: string,
  nodes: FixtureNode[],
  tensors: Record<string, FixtureTensor>,
  layers: number,
  more: { opset?: number; outputs?: string[]; foreign?: boolean } = {},
): Case => {
  const { foreign, ...rest } = more;
  return { name, layers, foreign, model: { nodes, tensors, outputs: ["y"], ...rest } };
};

/** After a convolution whose values are of both signs. */
const after = (op: string, attributes: Record<string, FixtureAttribute> = {}, opset = 17, inputs = "c") =>
  one(
    `${op} ${JSON.stringify(attributes)}`,
    [node("Conv", "x,w,b", "c", pads), node(op, inputs, "y", attributes)],
    { ...conv3, low: scalar(0), high: scalar(6) },
    1,
    { opset },
  );

const pool = (op: string, attributes: Record<string, FixtureAttribute>) =>
  one(
    `${op} ${JSON.stringify(attributes)}`,
    [node("Conv", "x,w,b", "c", pads), node(op, "c", "y", attributes)],
    conv3,
    2,
  );

/** x and its product with a factor for each channel that `nodes` make of its mean `m`; they end in `f`. */
const excited = (
  name: string,
  nodes: FixtureNode[],
  tensors: Record<string, FixtureTensor>,
  layers: number,
  opset = 17,
) =>
  one(
    name,
    [
      node("Conv", "x,w,b", "c", pads),
      ...nodes,
      node("Mul", "c,f", "p"),
      node("Add", "p,c", "s"),
      node("Relu", "s", "y"),
    ],
    { ...conv3, ...tensors },
    layers,
    { opset },
  );

const cases: Case[] = [
  one(
    "Conv with margins, stride and no bias",
    [node("Conv", "x,w", "y", { pads: [1, 0, 2, 1], strides: [2, 2] })],
    conv3,
    1,
  ),
  one("Conv in groups", [node("Conv", "x,w", "y", { group: 3, ...pads })], { w: tensor([6, 1, 3, 3], 3) }, 1),
  one("Conv with a long kernel", [node("Conv", "x,w", "y", { pads: [0, 2, 0, 2] })], { w: tensor([4, 3, 1, 5], 4) }, 1),
  one(
    "Conv as large as TensorFlow has it",
    [node("Conv", "x,w,b", "y", { auto_pad: "SAME_UPPER", strides: [2, 2] })],
    conv3,
    1,
  ),
  one("Conv without margins by name", [node("Conv", "x,w,b", "y", { auto_pad: "VALID" })], conv3, 1),
  one("dilated Conv", [node("Conv", "x,w,b", "y", { dilations: [2, 3], pads: [2, 3, 2, 3] })], conv3, 1),
  one(
    "normalisation behind a convolution",
    [node("Conv", "x,w", "c", pads), normalise("c", "n", "d", { epsilon: { f: 0.01 } }), node("Relu", "d", "y")],
    { ...conv3, ...norm("n", 4) },
    1,
  ),
  one(
    "normalisation and activation before a convolution with margins",
    [normalise("x", "n", "c"), node("Relu", "c", "d"), node("Conv", "d,w,b", "y", pads)],
    { ...conv3, ...norm("n", 3) },
    2,
  ),
  one(
    "normalisation of what is a feature as well",
    [node("Conv", "x,w,b", "c", pads), normalise("c", "n", "y")],
    { ...conv3, ...norm("n", 4) },
    2,
    { outputs: ["c", "y"] },
  ),
  one(
    "normalisation of what something else reads as well",
    [node("Conv", "x,w,b", "c", pads), normalise("c", "n", "d"), node("Add", "c,d", "y")],
    { ...conv3, ...norm("n", 4) },
    3,
  ),
  one(
    "normalisation behind an activation",
    [node("Conv", "x,w,b", "c", pads), node("Relu", "c", "d"), normalise("d", "n", "y")],
    { ...conv3, ...norm("n", 4) },
    2,
  ),
  one(
    "two normalisations",
    [node("Conv", "x,w,b", "c", pads), normalise("c", "n", "d"), normalise("d", "n", "y")],
    { ...conv3, ...norm("n", 4) },
    1,
  ),
  after("Relu"),
  after("LeakyRelu", { alpha: { f: 0.25 } }),
  after("LeakyRelu"),
  after("Sigmoid"),
  after("HardSwish"),
  after("HardSigmoid", { alpha: { f: 1 / 6 }, beta: { f: 0.5 } }),
  after("Clip", { min: { f: 0 }, max: { f: 6 } }, 9),
  after("Clip", { min: { f: 0 } }, 9),
  after("Clip", {}, 13, "c,low,high"),
  after("Clip", {}, 13, "c,low,"),
  { ...after("Swish", {}, 24), foreign: true },
  one(
    "swish as two nodes",
    [node("Conv", "x,w,b", "c", pads), node("Sigmoid", "c", "s"), node("Mul", "c,s", "y")],
    conv3,
    3,
  ),
  one(
    "hard swish as four nodes",
    [
      node("Conv", "x,w,b", "c", pads),
      node("Add", "c,three", "d"),
      node("Clip", "d,zero,six", "e"),
      node("Mul", "c,e", "f"),
      node("Div", "f,six", "y"),
    ],
    { ...conv3, three: scalar(3), zero: scalar(0), six: scalar(6) },
    4,
  ),
  one(
    "preparation in the graph",
    [
      node("Sub", "x,mean", "x1"),
      node("Div", "x1,std", "x2"),
      node("Sub", "one,x2", "c"),
      node("Conv", "c,w", "y", pads),
    ],
    {
      ...conv3,
      mean: tensor([1, 3, 1, 1], 8),
      std: { dims: [3, 1, 1], data: [0.25, 0.5, 2] },
      one: { dims: [1], data: [1] },
    },
    2,
  ),
  one(
    "a factor and a summand behind a convolution",
    [node("Conv", "x,w,b", "c", pads), node("Mul", "f,c", "d"), node("Add", "d,s", "y")],
    { ...conv3, f: tensor([4, 1, 1], 9), s: tensor([1, 4, 1, 1], 10) },
    1,
  ),
  one(
    "a residual unit",
    [node("Conv", "x,w,b", "c", pads), node("Conv", "c,v", "d", pads), node("Add", "d,c", "e"), node("Relu", "e", "y")],
    { ...conv3, v: tensor([4, 4, 3, 3], 5) },
    3,
  ),
  one(
    "planes side by side",
    [node("Conv", "x,w,b", "c", pads), node("Relu", "c", "d"), node("Concat", "c,x,d", "y", { axis: 1 })],
    conv3,
    3,
  ),
  one("planes side by side, from the end", [node("Concat", "x,x", "y", { axis: -3 })], {}, 1),
  pool("MaxPool", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool("MaxPool", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool("MaxPool", { kernel_shape: [2, 2] }),
  pool("MaxPool", { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0], ceil_mode: 1 }),
  pool("MaxPool", { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }),
  pool("AveragePool", { kernel_shape: [2, 2], strides: [2, 2] }),
  pool("AveragePool", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool("AveragePool", { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  pool("AveragePool", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool("AveragePool", { kernel_shape: [3, 3], strides: [1, 1], auto_pad: "SAME_UPPER" }),
  one(
    "margins before a convolution, as an attribute",
    [node("Pad", "x", "p", { pads: [0, 0, 1, 0, 0, 0, 2, 1] }), node("Conv", "p,w,b", "y", pads)],
    conv3,
    1,
    { opset: 9 },
  ),
  one(
    "margins before a convolution, as inputs",
    [node("Pad", "x,pads,zero", "p", { mode: "constant" }), node("Conv", "p,w,b", "y", { strides: [2, 2] })],
    { ...conv3, pads: ints(0, 0, 0, 1, 0, 0, 1, 2), zero: scalar(0) },
    1,
  ),
  one(
    "margins of named axes",
    [node("Pad", "x,pads,,axes", "p"), node("Conv", "p,w,b", "y", { strides: [2, 2] })],
    { ...conv3, pads: ints(1, 0, 2, 1), axes: ints(-2, 3) },
    1,
    { opset: 18 },
  ),
  one(
    "margins that two read",
    [
      node("Pad", "x,pads", "p"),
      node("Conv", "p,w,b", "c"),
      node("MaxPool", "p", "d", { kernel_shape: [3, 3] }),
      node("Concat", "c,d", "y", { axis: 1 }),
    ],
    { ...conv3, pads: ints(0, 0, 1, 1, 0, 0, 1, 1) },
    4,
  ),
  one(
    "margins of nothing",
    [node("Pad", "x,pads", "p"), node("Conv", "p,w,b", "y")],
    { ...conv3, pads: ints(0, 0, 0, 0, 0, 0, 0, 0) },
    1,
  ),
  one(
    "margins of minus infinity before a pool",
    [
      node("Conv", "x,w,b", "c"),
      node("Pad", "c,pads,low", "p"),
      node("MaxPool", "p", "y", { kernel_shape: [3, 3], strides: [2, 2] }),
    ],
    { ...conv3, pads: ints(0, 0, 0, 0, 0, 0, 1, 1), low: scalar(-Infinity) },
    2,
  ),
  excited(
    "squeeze and excitation by convolutions",
    [
      node("GlobalAveragePool", "c", "m"),
      node("Conv", "m,r,rb", "r1"),
      node("Relu", "r1", "r2"),
      node("Conv", "r2,e", "e1"),
      node("HardSigmoid", "e1", "f", { alpha: { f: 1 / 6 } }),
    ],
    { r: tensor([2, 4, 1, 1], 11), rb: tensor([2], 12), e: tensor([4, 2, 1, 1], 13) },
    6,
  ),
  excited(
    "squeeze and excitation by products, the mean without axes",
    [
      node("ReduceMean", "c", "m", { axes: [2, 3], keepdims: 0 }),
      node("Gemm", "m,r,rb", "r1", { transB: 1, alpha: { f: 0.5 }, beta: { f: 2 } }),
      node("Relu", "r1", "r2"),
      node("MatMul", "r2,e", "e0"),
      node("Add", "e0,eb", "e1"),
      node("Sigmoid", "e1", "e2"),
      node("Unsqueeze", "e2,axes", "f"),
    ],
    { r: tensor([2, 4], 11), rb: tensor([2], 12), e: tensor([2, 4], 13), eb: tensor([1, 4], 14), axes: ints(2, 3) },
    6,
  ),
  excited(
    "squeeze and excitation by products, the axes taken and given",
    [
      node("ReduceMean", "c,axes", "m"),
      node("Flatten", "m", "m1"),
      node("Gemm", "m1,r", "r1"),
      node("Concat", "r1,r1", "r2", { axis: -1 }),
      node("Reshape", "r2,shape", "f"),
    ],
    { r: tensor([4, 2], 11), axes: ints(-1, -2), shape: ints(0, -1, 1, 1) },
    6,
    18,
  ),
  excited(
    "a factor of a mean that is squeezed",
    [
      node("GlobalAveragePool", "c", "m"),
      node("Squeeze", "m", "m1", { axes: [2, 3] }),
      node("Unsqueeze", "m1", "f", { axes: [2, -1] }),
    ],
    {},
    4,
    11,
  ),
  one(
    "constants that are nodes, and nodes that do nothing",
    [
      { ...node("Constant", "", "w", { value: { t: conv3.w } }), inputs: [] },
      { ...node("Constant", "", "f", { value_float: { f: 0.5 } }), inputs: [] },
      { ...node("Constant", "", "four", { value_ints: [4, 1, 1] }), inputs: [] },
      { ...node("Constant", "", "axes", { value_ints: [0] }), inputs: [] },
      node("Identity", "b", "b1"),
      node("Dropout", "x", "x1"),
      node("Cast", "x1", "x2", { to: 1 }),
      node("Conv", "x2,w,b1", "c", pads),
      node("Mul", "c,f", "d"),
      node("Reshape", "s,four", "s1"),
      node("Unsqueeze", "s1,axes", "s2"),
      node("Squeeze", "s2,axes", "s3"),
      node("Add", "d,s3", "e"),
      node("Identity", "e", "y"),
    ],
    { b: conv3.b, s: tensor([4], 9) },
    1,
  ),
  ...(["list", "half", "halfList", "brain", "double"] as const).map((kind) => {
    const rounded = { ...conv3.w, kind };
    const found = one(`weights as ${kind}`, [node("Conv", "x,w", "y", pads)], { w: rounded }, 1);
    return { ...found, foreign: kind !== "list" };
  }),
];

test.each(cases)("$name", async ({ model, layers, foreign }) => {
  const bytes = onnxBytes(model);
  const taken = { size: 16, range: "-1..1", mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const { outputs } = model;
  const backbone = await importOnnx(bytes, "test.onnx", {
    ...taken,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    features: outputs.map((name) => `node_${name}`),
  });
  expect(backbone.description.layers).toHaveLength(layers);
  const image = { dims: [2, 3, 16, 16], data: noise(2 * 768, 77) };
  const expected = runReference(model, image);

  // In float64, and by way of the file.
  const again = await readBackbone(await writeBackbone(backbone), "test");
  const features = new FeatureNetwork(again).features(input("image", image.dims));
  evaluate(features, { image: image.data }).forEach(({ shape, data }, i) => {
    expect(shape).toEqual(expected.get(outputs[i])!.dims);
    expect(largestDifference(data, expected.get(outputs[i])!.data)).toBeLessThan(1e-6);
  });

  if (foreign) return;
  const device = await openDevice({ threads: 1 });
  const session = await device.createSession(bytes);
  const results = await session.run({ x: device.tensor(Float32Array.from(image.data), image.dims) });
  for (const name of outputs)
    expect(largestDifference(results[name].data as Float32Array, expected.get(name)!.data)).toBeLessThan(1e-5);
  await session.release();
});
