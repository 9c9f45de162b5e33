/** @file Names: both exporters' modules, all that a user may call a layer, and which layers are features if none is named. */
import { expect, test } from "vitest";
import { noise } from "../node/test-support.ts";
import { importOnnx, listOnnx } from "./import-onnx.ts";
import { type FixtureNode, onnxBytes } from "./model-fixture.ts";
import { layerName, modulesOf, namesOf, placeOf } from "./names.ts";

const node = (name: string, scopes: string[] = [], outputs = ["out"]) => {
  return { name, op: "Op", domain: "", inputs: [], outputs, attributes: new Map(), scopes };
};

test.each([
  ["/layer1/layer1.0/relu_1/Relu", [], "layer1.0.relu_1", "Relu"],
  ["/features/features.2/block/block.0/block.0.1/Conv", [], "features.2.block.0.1", "Conv"],
  ["/blocks/blocks.0/blocks.0.0/conv_dw/Conv", [], "blocks.0.0.conv_dw", "Conv"],
  ["/Flatten", [], "", "Flatten"],
  ["resnet50/conv1_relu/Relu", [], "resnet50.conv1_relu", "Relu"],
  ["", [], "", "out"],
  ["node_relu_2", ["", "layer1", "layer1.0", "layer1.0.relu", "relu_2"], "layer1.0.relu", "relu_2"],
  ["node_view", ["", "view"], "", "view"],
])("%s %j is in %s", (name, scopes, module, leaf) => expect(placeOf(node(name, scopes))).toEqual({ module, leaf }));

test("modules are those around a layer, from the outermost", () => {
  expect(modulesOf({ module: "a.b.c", leaf: "x" })).toEqual(["a", "a.b", "a.b.c"]);
  expect(modulesOf({ module: "", leaf: "x" })).toEqual([]);
  expect(modulesOf({ module: ".".repeat(3000), leaf: "x" }).length).toBeLessThan(100);
});

test("a layer alone in its module has the module's name, others their own in it", () => {
  const places = [
    { module: "conv1", leaf: "Conv" },
    { module: "layer1.0", leaf: "Add" },
    { module: "layer1.0.relu", leaf: "relu_1" },
    { module: "layer1.0.relu", leaf: "relu_2" },
    { module: "", leaf: "Flatten" },
    { module: "", leaf: "Flatten" },
  ];
  const names = ["conv1", "layer1.0.Add", "layer1.0.relu.relu_1", "layer1.0.relu.relu_2", "Flatten", "Flatten_2"];
  expect(namesOf(places)).toEqual(names);
});

test.each([
  ["conv1/Conv", "conv1_Conv"],
  ["123", "n_123"],
  ["v7", "n_v7"],
  ["image", "n_image"],
  ["", "n_"],
  ["ä".repeat(200), `n_${"_".repeat(90)}`],
])("%s can be called %s", (name, called) => expect(layerName(name)).toBe(called));

const tensors = {
  a: { dims: [4, 3, 3, 3], data: noise(108, 1) },
  b: { dims: [4, 4, 3, 3], data: noise(144, 2) },
  c: { dims: [4, 4, 1, 1], data: noise(16, 3) },
  d: { dims: [4, 5], data: noise(20, 4) },
};
const pads = { pads: [1, 1, 1, 1] };

/** A stem, a residual stage, and one with a shortcut at half the size; `called` names the nodes. */
function residual(called: (module: string, op: string, count: number) => Partial<FixtureNode>): Uint8Array {
  const nodes: FixtureNode[] = [];
  const make = (module: string, op: string, inputs: string[], attributes: FixtureNode["attributes"] = {}) => {
    const output = `v${nodes.length}`;
    nodes.push({ op, inputs, outputs: [output], attributes, ...called(module, op, nodes.length) });
    return output;
  };
  let x = make("relu", "Relu", [make("conv1", "Conv", ["x", "a"], pads)]);
  x = make("maxpool", "MaxPool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
  const unit = (name: string, from: string, stride: number) => {
    const first = make(`${name}.relu`, "Relu", [make(`${name}.conv1`, "Conv", [from, "c"])]);
    const deep = make(`${name}.conv2`, "Conv", [first, "b"], { ...pads, strides: [stride, stride] });
    const shortcut =
      stride === 1 ? from : make(`${name}.downsample`, "Conv", [from, "c"], { strides: [stride, stride] });
    return make(`${name}.relu_1`, "Relu", [make(name, "Add", [deep, shortcut])]);
  };
  x = unit("layer1.1", unit("layer1.0", x, 1), 1);
  x = unit("layer2.0", x, 2);
  x = make("", "Flatten", [make("avgpool", "GlobalAveragePool", [x])]);
  x = make("", "Softmax", [make("fc", "Gemm", [x, "d"])]);
  return onnxBytes({ nodes, tensors, outputs: [x] });
}

/** `/layer1/layer1.0/conv1/Conv`, as the older exporter has it. */
const older = residual((module, op) => {
  const [first, second, ...rest] = module.split(".");
  const path = second === undefined ? [first] : [first, `${first}.${second}`, ...rest];
  return { name: `/${[...path.filter((part) => part !== ""), op].join("/")}` };
});
const newer = residual((module, op, count) => {
  const parts = module === "" ? [] : module.replace(/_1$/, "").split(".");
  const scopes = ["", ...parts.map((_, i) => parts.slice(0, i + 1).join(".")), `${op.toLowerCase()}_${count}`];
  return { name: `node_${count}`, scopes: `[${scopes.map((scope) => `'${scope}'`).join(", ")}]` };
});
const nameless = residual(() => ({}));

test.each([
  ["the older exporter", older, ["relu", "layer1", "layer2"]],
  ["the newer exporter", newer, ["relu", "layer1", "layer2"]],
  ["no names", nameless, ["n_v1", "n_v12", "n_v18"]],
])("%s: the last layer of each size is a feature, by the name of its module", async (_of, bytes, names) => {
  const { description } = await importOnnx(bytes, "net.onnx");
  expect(description.featureLayers).toEqual(names);
  const features = listOnnx(bytes, "net.onnx").layers.filter(({ feature }) => feature !== undefined);
  expect(features.map(({ feature, shape }) => [feature, shape])).toEqual([
    [names[0], [4, 16, 16]],
    [names[1], [4, 8, 8]],
    [names[2], [4, 4, 4]],
  ]);
  // Activations are joined with what they follow; the classifier is left out.
  expect(description.layers.map(({ op }) => op)).toEqual([
    "conv",
    "maxpool",
    "conv",
    "conv",
    "add",
    "conv",
    "conv",
    "add",
    "conv",
    "conv",
    "conv",
    "add",
  ]);
});

test("a layer may be called by its name, its node's, its value's or its module's", async () => {
  const layer = (bytes: Uint8Array, name: string) => importOnnx(bytes, "net.onnx", { features: [name] });
  const wanted = (await layer(older, "layer1.0")).weights;
  for (const name of ["layer1.0.relu_1", "/layer1/layer1.0/relu_1/Relu", "v7"])
    expect((await layer(older, name)).weights.size, name).toBe(wanted.size);
  expect((await layer(newer, "layer1.0")).description.featureLayers).toEqual(["layer1.0"]);
  expect((await layer(newer, "layer1.0.relu")).description.layers).toHaveLength(5);
  // A name that no layer can have becomes one like it.
  expect((await layer(older, "/layer1/layer1.0/relu_1/Relu")).description.featureLayers).toEqual([
    "n__layer1_layer1.0_relu_1_Relu",
  ]);
});

test("classes that are a mean over a map are no feature, nor is the map", async () => {
  const node = (op: string, inputs: string[], output: string, attributes = {}): FixtureNode => {
    return { op, inputs, outputs: [output], name: output, attributes };
  };
  const nodes = [
    node("Conv", ["x", "a"], "body", pads),
    node("Conv", ["body", "c"], "head"),
    node("Relu", ["head"], "map"),
    node("GlobalAveragePool", ["map"], "classes"),
  ];
  const bytes = onnxBytes({ nodes, tensors, outputs: ["classes"] });
  expect((await importOnnx(bytes, "net.onnx")).description.featureLayers).toEqual(["body"]);
});

test("of a block that goes on to smaller sizes the layer before it is the feature", async () => {
  const node = (name: string, op: string, inputs: string[], output: string, attributes = {}): FixtureNode => {
    return { op, inputs, outputs: [output], name, attributes };
  };
  const nodes = [
    node("/features/features.0/Conv", "Conv", ["x", "a"], "p", pads),
    node("/features/features.1/conv/conv.0/Conv", "Conv", ["p", "c"], "q"),
    node("/features/features.1/conv/conv.1/Conv", "Conv", ["q", "b"], "r", { ...pads, strides: [2, 2] }),
  ];
  const bytes = onnxBytes({ nodes, tensors, outputs: ["r"] });
  expect((await importOnnx(bytes, "net.onnx")).description.featureLayers).toEqual(["features.0", "features.1"]);
});

test("how images are prepared, and what is recorded", async () => {
  const made = async (options: object) => (await importOnnx(older, "a/resnet.onnx", options)).description;
  const { input, name, origin, licence, trainedOn } = await made({});
  expect({ name, origin, licence, trainedOn }).toEqual({ name: "resnet", origin: "not stated", licence: "not stated" });
  expect(input.size).toBe(16);
  [0.485, 0.456, 0.406].forEach((value, i) => {
    expect(input.mean[i] / 255).toBeCloseTo(value, 9);
  });
  [0.229, 0.224, 0.225].forEach((value, i) => {
    expect(input.std[i] / 255).toBeCloseTo(value, 9);
  });
  const other = await made({ size: 32, range: "-1..1", mean: [0, 0, 0.5], std: [1, 2, 1], channelOrder: "BGR" });
  expect(other.input).toEqual({
    size: 32,
    channelOrder: "BGR",
    mean: [127.5, 127.5, 191.25],
    std: [127.5, 255, 127.5],
  });
  expect((await made({ range: "0..255", mean: [1, 2, 3], std: [4, 5, 6] })).input).toMatchObject({
    mean: [1, 2, 3],
    std: [4, 5, 6],
  });
  expect(await made({ name: "R", source: "here", licence: "MIT" })).toMatchObject({
    name: "R",
    origin: "here",
    licence: "MIT",
  });
});
