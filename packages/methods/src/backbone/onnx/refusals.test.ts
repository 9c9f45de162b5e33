/** @file What cannot be taken over is refused with a sentence, and damaged files as well, whatever is wrong with them. */

import { HaleError } from "@hale/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { noise } from "../node/test-support.ts";
import { importOnnx, listOnnx, type OnnxImportOptions } from "./import-onnx.ts";
import {
  type FixtureModel,
  type FixtureNode,
  field,
  modelBytes,
  numberField,
  onnxBytes,
  tensorBytes,
} from "./model-fixture.ts";

const w = { dims: [4, 3, 3, 3], data: noise(108, 1) };
const conv: FixtureNode = {
  op: "Conv",
  inputs: ["x", "w"],
  outputs: ["c"],
  name: "first",
  attributes: { pads: [1, 1, 1, 1] },
};
const small: FixtureModel = { nodes: [conv], tensors: { w }, outputs: ["c"] };
const sound = onnxBytes(small);

/** A second node behind the convolution, of which the feature is. */
const second = (
  op: string,
  attributes: FixtureNode["attributes"] = {},
  more: Partial<FixtureModel> = {},
  inputs = ["c"],
) =>
  onnxBytes({
    ...small,
    nodes: [conv, { op, inputs, outputs: ["y"], name: "second", attributes }],
    outputs: ["y"],
    ...more,
  });
const ints = (...data: number[]) => ({ dims: [data.length], data, kind: "int64" as const });

const refuses = async (
  bytes: Uint8Array,
  sentence: RegExp,
  options: OnnxImportOptions = {},
  code = "FILE_UNREADABLE",
) => {
  await expect(importOnnx(bytes, "net.onnx", options)).rejects.toMatchObject({ name: "HaleError", code });
  await expect(importOnnx(bytes, "net.onnx", options)).rejects.toThrow(sentence);
};

test.each<[string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(0), /net\.onnx is no ONNX model/],
  [
    "a text",
    new TextEncoder().encode("hello world, this is no model"),
    /net\.onnx (is no|cannot be read as an) ONNX model/,
  ],
  [
    "half a file",
    sound.subarray(0, sound.length / 2),
    /cannot be read as an ONNX model: a field reaches past the end\./,
  ],
  ["an old version", onnxBytes({ ...small, opset: 8 }), /version 8 of ONNX's operators; 9 to 24 can be read/],
  ["a version to come", onnxBytes({ ...small, opset: 99 }), /version 99/],
  [
    "weights elsewhere",
    modelBytes([...field(5, [...numberField(1, 4), ...numberField(2, 1), ...field(13, []), ...numberField(14, 1)])]),
    /keeps its weights in another file\. Export it with the weights inside, .*external_data=False/,
  ],
  [
    "weights elsewhere in a node",
    modelBytes(field(1, field(5, field(5, [...numberField(2, 1), ...numberField(14, 1)])))),
    /keeps its weights in another file/,
  ],
  ["no input", modelBytes([]), /has 0 inputs, where a backbone has images alone/],
  [
    "two inputs",
    Uint8Array.from([...sound, ...field(7, field(11, field(1, [0x61])))]),
    /is no ONNX model|has 2 inputs/,
  ],
  [
    "channels last",
    onnxBytes({ ...small, input: { name: "x", dims: [1, 64, 64, 3] } }),
    /channels last.*channels first/,
  ],
  ["grey images", onnxBytes({ ...small, input: { name: "x", dims: ["N", 1, 64, 64] } }), /takes \[\?,1,64,64\]/],
  ["vectors", onnxBytes({ ...small, input: { name: "x", dims: ["N", 3] } }), /takes \[\?,3\], not images/],
  [
    "a value that two nodes make",
    onnxBytes({ ...small, nodes: [conv, conv] }),
    /no network that can be taken over: two nodes make c\./,
  ],
  ["too many nodes", modelBytes(Array.from({ length: 10_001 }, () => field(1, [])).flat()), /over 10000 nodes/],
  ["a name without end", modelBytes(field(1, field(3, new Uint8Array(5000)))), /a name has over 4096 characters/],
  ["too many axes", modelBytes(field(5, [...Array.from({ length: 9 }, () => numberField(1, 1)).flat()])), /is \[1,1,1/],
  ["a negative size", modelBytes(field(5, numberField(1, -1))), /is \[-1\]/],
  ["a number for bytes", modelBytes(numberField(1, 5)), /a number stands where bytes belong/],
  ["no layers", onnxBytes({ ...small, nodes: [] }), /it has no layers with rows and columns/],
  [
    "nothing but what is unknown",
    onnxBytes({ ...small, nodes: [{ ...conv, op: "Gelu" }] }),
    /the node first \(Gelu\) is of an op/,
  ],
])("%s", async (_what, bytes, sentence) => refuses(bytes, sentence));

const bad = (name: string, tensor: number[]): [string, Uint8Array, RegExp] => [
  name,
  Uint8Array.from([...onnxBytes({ ...small, tensors: {} }).subarray(0, 2), ...withTensor(tensor)]),
  /./,
];
/** The small model with another tensor for its weight. */
function withTensor(tensor: number[]): number[] {
  const graph = onnxBytes({ ...small, tensors: {} });
  // Fields of the model: version, graph, operators; a tensor goes into the graph.
  const at = graph.indexOf(0x3a);
  const [low, high] = [graph[at + 1], graph[at + 2]];
  const [length, start] = low < 128 ? [low, at + 2] : [(low & 127) | (high << 7), at + 3];
  const inner = graph.subarray(start, start + length);
  return [...field(7, [...inner, ...field(5, tensor)]), ...graph.subarray(start + length)];
}

test.each([
  bad("too short", tensorBytes({ dims: [4, 3, 3, 3], data: [1, 2, 3] }, "w")),
  bad("too long", tensorBytes({ dims: [1, 1, 1, 1], data: [1, 2, 3] }, "w")),
  bad("of whole numbers", tensorBytes({ dims: [4, 3, 3, 3], data: noise(108, 1).map(Math.round), kind: "int64" }, "w")),
  bad("not finite", tensorBytes({ dims: [4, 3, 3, 3], data: [...noise(107, 1), Number.NaN] }, "w")),
  bad("of endless size", tensorBytes({ dims: [2 ** 31, 2 ** 31, 2 ** 31, 3], data: [1] }, "w")),
  bad("of no size", tensorBytes({ dims: [0, 3, 3, 3], data: [] }, "w")),
])("a weight that is %s", async (_what, bytes) => {
  await refuses(bytes, /net\.onnx is no network that can be taken over: the node first \(Conv\) /);
});

test.each<[string, Uint8Array, RegExp]>([
  ["an op that is not known", second("Gelu"), /the node second \(Gelu\) is of an op that backbones do not have/],
  [
    "an op of another domain",
    onnxBytes({
      ...small,
      nodes: [conv, { op: "Relu", domain: "my", inputs: ["c"], outputs: ["y"], name: "second" }],
      outputs: ["y"],
    }),
    /the node second \(my\.Relu\) is of an op/,
  ],
  ["the name of an object's property", second("constructor"), /is of an op that backbones do not have/],
  ["a value that nothing makes", second("Relu", {}, {}, ["z"]), /reads z, which nothing before it makes/],
  ["an input that is left out", second("Relu", {}, {}, [""]), /lacks its input 0/],
  ["a weight that is no constant", second("Conv", {}, {}, ["c", "c"]), /has an input 1 that is no constant/],
  [
    "a kernel of one axis",
    second("Conv", {}, { tensors: { w, v: { dims: [4, 4, 3], data: noise(48, 1) } } }, ["c", "v"]),
    /has a weight of \[4,4,3\]/,
  ],
  [
    "a kernel of other channels",
    second("Conv", {}, {}, ["c", "w"]),
    /does not fit: the weight .* where \[4,4,3,3\] belongs/,
  ],
  [
    "uneven strides",
    second("MaxPool", { kernel_shape: [2, 2], strides: [1, 2] }),
    /has strides of 1 and 2, which differ/,
  ],
  ["an uneven window", second("MaxPool", { kernel_shape: [2, 3] }), /has kernel_shape of 2 and 3/],
  ["a window in steps", second("MaxPool", { kernel_shape: [2, 2], dilations: [2, 2] }), /has dilations/],
  [
    "a window larger than the image",
    second("MaxPool", { kernel_shape: [500, 500] }),
    /does not fit: A window is larger/,
  ],
  [
    "margins over half a window",
    second("MaxPool", { kernel_shape: [2, 2], pads: [2, 2, 2, 2] }),
    /pads by more than half/,
  ],
  ["negative margins", second("MaxPool", { kernel_shape: [2, 2], pads: [-1, 0, 0, 0] }), /has pads of \[-1,0,0,0\]/],
  [
    "margins from the top",
    second("MaxPool", { kernel_shape: [2, 2], auto_pad: "SAME_LOWER" }),
    /has auto_pad SAME_LOWER/,
  ],
  ["margins that mirror", second("Pad", { mode: "reflect" }), /pads by reflect/],
  ["margins of channels", second("Pad", { pads: [0, 1, 0, 0, 0, 0, 0, 0] }, { opset: 9 }), /pads images or channels/],
  ["margins of ones", second("Pad", { pads: [0, 0, 1, 0, 0, 0, 0, 0], value: { f: 1 } }, { opset: 9 }), /pads with 1/],
  ["other bounds", second("Clip", { min: { f: -1 }, max: { f: 1 } }, { opset: 9 }), /cuts to -1 and 1/],
  ["another slope", second("HardSigmoid"), /has alpha 0\.2/],
  ["a slope above one", second("LeakyRelu", { alpha: { f: 2 } }), /has alpha 2/],
  [
    "a division by zero",
    second("Div", {}, { tensors: { w, zero: { dims: [], data: [0] } } }, ["c", "zero"]),
    /divides by zero/,
  ],
  [
    "a constant along rows",
    second("Add", {}, { tensors: { w, row: { dims: [4], data: noise(4, 1) } } }, ["c", "row"]),
    /has a constant of \[4\] beside 4 channels/,
  ],
  ["a difference of layers", second("Sub", {}, {}, ["c", "c"]), /works on two layers/],
  ["a sum of unequals", second("Add", {}, {}, ["c", "x"]), /works on values of 4 x .* and 3 x/],
  ["rows side by side", second("Concat", { axis: 2 }, {}, ["c", "c"]), /joins along axis 2/],
  ["a mean over channels", second("ReduceMean", { axes: [1] }), /takes the mean over axes \[1\]/],
  [
    "positions as channels",
    second("Reshape", {}, { tensors: { w, shape: ints(0, -1) } }, ["c", "shape"]),
    /lays out rows and columns anew/,
  ],
  [
    "a normalisation in training",
    second("BatchNormalization", { training_mode: 1 }),
    /is in training; export the network after eval/,
  ],
])("%s", async (_what, bytes, sentence) => {
  await refuses(bytes, sentence, { features: ["second"] }, "OPTION_INVALID");
  await refuses(
    bytes,
    /^The layer second of net\.onnx cannot be taken over: the node .* Name layers that do not hang on it/,
    { features: ["second"] },
    "OPTION_INVALID",
  );
  // What does not hang on it can be had.
  const { description } = await importOnnx(bytes, "net.onnx", { features: ["first"] });
  expect(description.layers.map(({ op }) => op)).toEqual(["conv"]);
  // And the list says why that cannot.
  expect(listOnnx(bytes, "net.onnx").layers.at(-1)).toMatchObject({
    name: "second",
    shape: null,
    reason: expect.stringMatching(sentence),
  });
});

test.each<[string, OnnxImportOptions, RegExp]>([
  [
    "a layer that is not there",
    { features: ["conv9"] },
    /net\.onnx has no layer conv9\. Name some of its layers, such as first\./,
  ],
  ["one layer twice", { features: ["first", "c"] }, /first and c are one layer/],
  ["no layers", { features: [] }, /features/],
  ["a size of nothing", { size: 0 }, /size/],
  ["a deviation of zero", { std: [0, 1, 1] }, /std/],
  ["an empty licence", { licence: "" }, /licence/],
])("options with %s", async (_what, options, sentence) => refuses(sound, sentence, options, "OPTION_INVALID"));

test("two slopes are one too many", async () => {
  const leaky = (from: string, to: string, alpha: number): FixtureNode => ({
    op: "LeakyRelu",
    inputs: [from],
    outputs: [to],
    name: to,
    attributes: { alpha: { f: alpha } },
  });
  const nodes = [conv, leaky("c", "one", 0.5), leaky("one", "same", 0.5), leaky("same", "other", 0.25)];
  const bytes = onnxBytes({ ...small, nodes, outputs: ["other"] });
  await refuses(bytes, /the node other \(LeakyRelu\) has another slope/, { features: ["other"] }, "OPTION_INVALID");
  expect((await importOnnx(bytes, "net.onnx", { features: ["same"] })).description.leakySlope).toBe(0.5);
});

test("what is a mean over the picture is no feature", async () => {
  const bytes = second("GlobalAveragePool");
  await refuses(bytes, /has no features with rows and columns/, { features: ["second"] }, "OPTION_INVALID");
});

test("channels and pixels without end are refused before they are worked out", async () => {
  const nodes: FixtureNode[] = [conv];
  for (let i = 0; i < 40; i++)
    nodes.push({
      op: "Concat",
      inputs: Array(2).fill(i ? `c${i}` : "c"),
      outputs: [`c${i + 1}`],
      attributes: { axis: 1 },
    });
  const wide = onnxBytes({ ...small, nodes, outputs: ["c40"] });
  expect(listOnnx(wide, "net.onnx").layers.at(-1)?.reason).toMatch(/has over 65536 channels/);
  const pads = (at: number): FixtureNode => ({
    op: "Pad",
    inputs: [at ? `p${at}` : "x"],
    outputs: [`p${at + 1}`],
    attributes: { pads: [0, 0, 900, 900, 0, 0, 900, 900] },
  });
  const grown = onnxBytes({ ...small, opset: 9, nodes: Array.from({ length: 9 }, (_, i) => pads(i)), outputs: ["p9"] });
  await refuses(grown, /its layers have too many rows and columns/);
});

test("whatever is changed in a file, it is taken over or refused", async () => {
  const bytes = second(
    "BatchNormalization",
    {},
    {
      tensors: {
        w,
        ...Object.fromEntries(["g", "o", "m", "v"].map((name) => [name, { dims: [4], data: [1, 2, 3, 4] }])),
      },
    },
    ["c", "g", "o", "m", "v"],
  );
  await importOnnx(bytes, "net.onnx", { features: ["second"] });
  const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(bytes.length), async (changes, cut) => {
      const damaged = Uint8Array.from(bytes);
      for (const { at, to } of changes) damaged[at] = to;
      try {
        await importOnnx(cut % 3 === 0 ? damaged.subarray(0, cut) : damaged, "net.onnx", {});
      } catch (error) {
        expect(error).toBeInstanceOf(HaleError);
      }
    }),
    { numRuns: 1500, seed: 7 },
  );
});
