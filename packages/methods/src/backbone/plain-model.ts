/**
 * @file The plain form of a network's weights: `model.json` with layers and a table of tensors, and `weights.bin` with the
 * tensors, little-endian, float16 or float32. What is not exactly so is refused, since a wrong backbone would still train.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError, sha256Hex } from "@hale/core";
import * as z from "zod";
import {
  BACKBONE_FORMAT,
  type Backbone,
  type BackboneDescription,
  checkBackbone,
  commonFields,
} from "./description.ts";

const three = z.tuple([z.number(), z.number(), z.number()]);
const preparation = z.object({
  size: z.int().min(1).max(1024),
  channelOrder: z.enum(["RGB", "BGR"]),
  scale: z.number().positive(),
  range: z.enum(["0..255", "0..1", "-1..1"]),
  subtractMean: three,
  divideStd: three,
});
const tensor = z.strictObject({
  shape: z.array(z.int().min(1)).min(1).max(4),
  dtype: z.enum(["float16", "float32"]),
  offset: z.int().min(0),
  bytes: z.int().min(1),
});
const plainModel = z.object({
  ...commonFields,
  input: preparation,
  weightsFile: z.literal("weights.bin"),
  weightsBytes: z.int().min(1),
  byteOrder: z.literal("little"),
  tensors: z.record(z.string().min(1), tensor),
});

const refused = (file: string, reason: string, cause?: unknown) =>
  new HaleError(
    "FILE_UNREADABLE",
    `${file} is no network in the plain form: ${reason}.`,
    "Fetch its folder with model.json and weights.bin again.",
    { cause },
  );

/**
 * Reads a network from the text of `model.json` and the bytes of `weights.bin`; `folder` is for errors. Throws
 * FILE_UNREADABLE where either is foreign or damaged, or where layers and tensors do not fit.
 */
export async function readPlainModel(text: string, bytes: Uint8Array, folder: string): Promise<Backbone> {
  const [modelFile, weightsFile] = [`${folder}/model.json`, `${folder}/weights.bin`];
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw refused(modelFile, "it is not JSON", cause);
  }
  const parsed = plainModel.safeParse(record);
  if (!parsed.success) throw refused(modelFile, issueOf(parsed.error));
  const { input, weightsFile: _file, weightsBytes, byteOrder: _order, tensors, ...rest } = parsed.data;
  if (bytes.length !== weightsBytes)
    throw refused(weightsFile, `it has ${bytes.length} bytes where model.json says ${weightsBytes}`);
  if ((await sha256Hex(bytes)) !== rest.weightsSha256)
    throw refused(weightsFile, "its SHA-256 is not the one in model.json");
  try {
    const weights = new Map(Object.entries(tensors).map(([name, entry]) => [name, readTensor(name, entry, bytes)]));
    for (const layer of rest.layers) {
      if (layer.op !== "depthwise") continue;
      // [channel, height, width] there; a convolution in groups wants [channel, 1, height, width].
      const weight = weights.get(layer.weight);
      if (weight?.shape.length === 3)
        weights.set(layer.weight, { ...weight, shape: [weight.shape[0], 1, ...weight.shape.slice(1)] });
    }
    const description = { format: BACKBONE_FORMAT, ...rest, input: preparationOf(input) } as const;
    const backbone = { description, weights };
    checkBackbone(backbone);
    return backbone;
  } catch (cause) {
    if (cause instanceof RangeError) throw refused(modelFile, cause.message, cause);
    throw cause;
  }
}

/** The first thing that a schema found wrong, as part of a sentence. */
export function issueOf({ issues: [issue] }: z.ZodError): string {
  const at = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  return `${at}${issue.message}`.replace(/\.$/, "");
}

/**
 * The three ways of saying it, as one: (v - mean) / std with v from 0 to 255. `0..1` subtracts from v/255, as
 * torchvision does; `-1..1` gives its mean and deviation for v, and its scale says the same once more.
 */
function preparationOf(input: z.infer<typeof preparation>): BackboneDescription["input"] {
  const { size, channelOrder, scale, range, subtractMean, divideStd } = input;
  const near = (value: number, wanted: number) => Math.abs(value / wanted - 1) < 1e-6;
  const unit = range === "0..1" ? 255 : 1;
  const sound = {
    "0..255": near(scale, 1),
    "0..1": near(scale, 1 / 255),
    "-1..1": near(scale, 1 / 127.5) && [...subtractMean, ...divideStd].every((value) => near(value, 127.5)),
  };
  if (!sound[range]) throw new RangeError(`its input's scale ${scale} does not fit the range ${range}`);
  if (divideStd.some((value) => value <= 0)) throw new RangeError("its input's divideStd is not above zero");
  const [mean, std] = [subtractMean, divideStd].map((values) => values.map((value) => value * unit));
  return { size, channelOrder, mean, std } as BackboneDescription["input"];
}

function readTensor(
  name: string,
  { shape, dtype, offset, bytes }: z.infer<typeof tensor>,
  file: Uint8Array,
): NamedArray {
  const count = shape.reduce((product, length) => product * length, 1);
  const width = dtype === "float16" ? 2 : 4;
  if (bytes !== count * width) throw new RangeError(`the tensor ${name} [${shape}] does not fill ${bytes} bytes`);
  if (offset + bytes > file.length) throw new RangeError(`the tensor ${name} reaches past the end of weights.bin`);
  const view = new DataView(file.buffer, file.byteOffset + offset, bytes);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++)
    data[i] = width === 2 ? fromHalf(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
  if (!data.every(Number.isFinite)) throw new RangeError(`the tensor ${name} holds values that are not numbers`);
  return { shape, data };
}

/** A float16 (IEEE 754 binary16) from its bits; DataView's own reader is too new for Node 20. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
