/** @file The plain form: numbers come out as they were put in, and whatever is not as it should be is refused. */
import { describe, expect, test } from "vitest";
import { type Plain, residualPlain, sha256, tinyPlain } from "./node/test-support.ts";
import { fromHalf, readPlainModel } from "./plain-model.ts";

const read = ({ record, bytes }: Plain) => readPlainModel(JSON.stringify(record), bytes, "tiny");

test("weights of both types come out as they were put in", async () => {
  const plain = tinyPlain();
  const { weights, description } = await read(plain);
  expect([...weights.keys()]).toEqual([...plain.values.keys()]);
  for (const [name, { data }] of plain.values) expect([...weights.get(name)!.data], name).toEqual(data);
  expect(weights.get("deep/weight")!.shape).toEqual([7, 1, 3, 3]);
  expect(description.input).toMatchObject({ channelOrder: "BGR", mean: [104, 117, 123], std: [60, 61, 62] });
});

test.each([
  [0x0000, 0],
  [0x8001, -(2 ** -24)],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3c00, 1],
  [0xc248, -3.140625],
  [0x7bff, 65504],
  [0xfc00, -Infinity],
  [0x7e00, Number.NaN],
])("float16 %i is %d", (bits, value) => expect(fromHalf(bits)).toBe(value));

test.each([
  ["0..255", 1, [104, 117, 123], [1, 2, 3], [104, 117, 123], [1, 2, 3]],
  ["0..1", 1 / 255, [0, 0, 0], [1, 1, 1], [0, 0, 0], [255, 255, 255]],
  ["0..1", 1 / 255, [0.5, 0.4, 0.2], [0.2, 0.2, 0.2], [127.5, 102, 51], [51, 51, 51]],
  ["-1..1", 1 / 127.5, [127.5, 127.5, 127.5], [127.5, 127.5, 127.5], [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]],
])("range %s, scale %d, minus %j, over %j is (v - %j) / %j", async (range, scale, minus, over, mean, std) => {
  const plain = tinyPlain();
  plain.record.input = { size: 16, channelOrder: "RGB", range, scale, subtractMean: minus, divideStd: over };
  expect((await read(plain)).description.input).toEqual({ size: 16, channelOrder: "RGB", mean, std });
});

/** What is wrong, the place in model.json, what stands there (undefined: nothing), and what the refusal says. */
type Damage = [what: string, path: string, value: unknown, sentence: RegExp];

const damages: Damage[] = [
  ["no layers", "layers", [], /layers/],
  ["no licence", "licence", undefined, /licence/],
  ["another byte order", "byteOrder", "big", /byteOrder/],
  ["weights elsewhere", "weightsFile", "../weights.bin", /weightsFile/],
  ["another length", "weightsBytes", 5, /weights\.bin.* bytes where model.json says 5/],
  ["another channel order", "input.channelOrder", "GBR", /channelOrder/],
  ["a scale beside the range", "input.scale", 2, /scale 2 .*0\.\.255/],
  ["a division by zero", "input.divideStd", [0, 1, 1], /divideStd/],
  ["an unknown op", "layers.0.op", "attention", /layers\.0/],
  ["an unknown activation", "layers.0.activation", "gelu", /layers\.0\.activation/],
  ["an unknown padding", "layers.0.padding", "valid", /layers\.0\.padding/],
  ["a negative padding", "layers.0.padding", -1, /layers\.0\.padding/],
  ["a stride of zero", "layers.0.stride", 0, /layers\.0\.stride/],
  ["a dilation", "layers.0.dilation", 2, /dilation/],
  ["an id that the graph uses", "layers.0.id", "c7", /ONNX graph uses/],
  ["an id with a slash", "layers.0.id", "a/b", /layers\.0\.id/],
  ["one id twice", "layers.1.id", "stem", /two layers are called stem/],
  ["an input that comes later", "layers.0.inputs", ["deep"], /stem reads deep/],
  ["two inputs where one belongs", "layers.0.inputs", ["input", "input"], /layers\.0\.inputs/],
  ["too wide a margin", "layers.1.padding", 2, /incomplete pads/],
  ["a dense layer on planes", "layers.10.inputs", ["even"], /classes \(dense\) cannot read/],
  ["a sum of unequals", "layers.6.inputs", ["same", "stem"], /adds same and stem/],
  ["a missing weight", "tensors.stem/weight", undefined, /stem\/weight is missing/],
  ["a missing bias", "tensors.stem/bias", undefined, /stem\/bias is missing/],
  ["a weight of another layer", "layers.0.weight", "point/weight", /point\/weight is \[5,5,1,1\]/],
  ["a bias of another layer", "layers.0.bias", "point/bias", /point\/bias does not have the 7/],
  ["an unknown type", "tensors.stem/weight.dtype", "int8", /dtype/],
  ["a shape that does not fill", "tensors.stem/bias.shape", [8], /does not fill/],
  ["a place past the end", "tensors.stem/bias.offset", 1e9, /past the end/],
  ["a negative place", "tensors.stem/bias.offset", -2, /offset/],
  ["a feature layer that is not there", "featureLayers.0", "head", /head does not exist/],
  ["a feature layer without rows", "featureLayers.0", "mean", /mean has no rows/],
  ["a feature layer twice", "featureLayers.0", "deep", /named twice/],
  ["no feature layers", "featureLayers", [], /featureLayers/],
];

/** The same of the residual network. */
const residualDamages: Damage[] = [
  ["groups that do not divide the input", "layers.2.groups", 3, /groups\/weight is \[8,2,3,3\] where/],
  ["groups of none", "layers.2.groups", 0, /layers\.2\.groups/],
  ["a kernel of three sides", "layers.3.kernel", [1, 5, 1], /layers\.3\.kernel/],
  [
    "a kernel of other sides than its weight",
    "layers.3.kernel",
    [5, 1],
    /long\/weight is \[8,8,1,5\] where \[8,8,5,1\]/,
  ],
  ["margins of three sides", "layers.0.padding", [1, 0, 2], /layers\.0\.padding/],
  ["too wide an uneven margin", "layers.12.padding", [0, 0, 0, 2], /counted pads/],
  ["a margin around one pixel", "layers.5.padding", 1, /reduce needs rows/],
  ["a pool of one pixel", "layers.11.inputs", ["squeeze"], /shortcut \(avgpool\) cannot read what squeeze makes/],
  ["a factor of other channels", "layers.7.inputs", ["long", "reduce"], /multiplies long by reduce, which differ/],
  ["a sum of planes and points", "layers.8.inputs", ["long", "excite"], /unit \(add\) cannot read what long, excite/],
  ["a feature layer of one pixel", "featureLayers.0", "excite", /excite has no rows/],
];

describe.each([
  ["the chain", tinyPlain, damages],
  ["the residual network", residualPlain, residualDamages],
] as const)("of %s", (_of, make, own) => {
  test.each(own)("%s: refused", async (_what, path, value, sentence) => {
    const plain = make();
    const keys = path.split(".");
    const last = keys.pop()!;
    const place = keys.reduce(
      (object, key) => object[key] as Record<string, unknown>,
      plain.record as Record<string, unknown>,
    );
    place[last] = value;
    await expectRefused(plain, sentence);
  });
});

test("groups that do not divide the output: refused", async () => {
  const plain = residualPlain();
  shorten(plain, "groups", 8);
  await expectRefused(plain, /6 channels of the layer groups are not of 4 groups/);
});

test.each<[string, (plain: Plain) => void, RegExp]>([
  ["no weights", (plain) => Object.assign(plain, { bytes: new Uint8Array(0) }), /has 0 bytes where model.json says/],
  ["a byte less", (plain) => Object.assign(plain, { bytes: plain.bytes.slice(1) }), /bytes where model.json says/],
  ["a changed byte", (plain) => plain.bytes[9]++, /SHA-256/],
  ["values that are not numbers", poison, /stem\/weight holds values that are not numbers/],
  [
    "too few depthwise filters",
    (plain) => shorten(plain, "deep", 7),
    /deep\/weight does not have the 7 channels of its input/,
  ],
])("%s: refused", async (_what, damage, sentence) => {
  const plain = tinyPlain();
  damage(plain);
  await expectRefused(plain, sentence);
});

async function expectRefused(plain: Plain, sentence: RegExp): Promise<void> {
  await expect(read(plain)).rejects.toMatchObject({ name: "HaleError", code: "FILE_UNREADABLE" });
  await expect(read(plain)).rejects.toThrow(sentence);
}

/** Leaves six filters of the layer's `count`. */
function shorten({ record }: Plain, layer: string, count: number): void {
  for (const name of [`${layer}/weight`, `${layer}/bias`]) {
    const entry = record.tensors[name];
    entry.bytes = (entry.bytes / count) * 6;
    entry.shape[0] = 6;
  }
}

function poison(plain: Plain): void {
  new DataView(plain.bytes.buffer).setFloat32(0, Number.NaN, true);
  plain.record.weightsSha256 = sha256(plain.bytes);
}

test("what is not JSON is refused", async () => {
  await expect(readPlainModel("{", new Uint8Array(1), "tiny")).rejects.toThrow("tiny/model.json is no network");
  await expect(readPlainModel("null", new Uint8Array(1), "tiny")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});
