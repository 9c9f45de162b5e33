/**
 * @file A backbone from an ONNX file that another program wrote, such as PyTorch's export of a network of torchvision or
 * timm: ResNet, SqueezeNet, MobileNet, VGG, DenseNet, EfficientNet and their like. What no feature hangs on is left out.
 */
import { HaleError, sha256Hex } from "@hale/core";
import { z } from "zod";
import { BACKBONE_FORMAT, type Backbone, checkBackbone, description, weightNames } from "../description.ts";
import type { LayerRow } from "../layer-rows.ts";
import { issueOf } from "../plain-model.ts";
import { defaultFeatures, endsOf, type Feature, namedFeatures } from "./features.ts";
import { fold } from "./fold.ts";
import { type OnnxModel, type OnnxValue, readOnnx } from "./model.ts";
import { layerName, namesOf } from "./names.ts";
import { singleOf } from "./node-reader.ts";
import { type Translation, translate } from "./translate.ts";

const three = z.tuple([z.number(), z.number(), z.number()]);

/** How the network wants its images, and what is recorded of it. */
export const onnxOptions = z.strictObject({
  /** Side of the images that it was trained on, in pixels; that of its input, or 224, if it is missing. */
  size: z.int().min(16).max(1024).optional(),
  /** Names of layers, nodes, values or modules; the last layer of each size if they are missing. */
  features: z.array(z.string().min(1)).min(1).optional(),
  channelOrder: z.enum(["RGB", "BGR"]).default("RGB"),
  /** What black and white are before `mean` is subtracted and `std` divided by. */
  range: z.enum(["0..1", "0..255", "-1..1"]).default("0..1"),
  /** Of the channels in the network's order; ImageNet's by torchvision and timm are the defaults. */
  mean: three.default([0.485, 0.456, 0.406]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]).default([0.229, 0.224, 0.225]),
  /** The file's name if it is missing. */
  name: z.string().min(1).max(200).optional(),
  source: z.string().min(1).max(2000).default("not stated"),
  licence: z.string().min(1).max(2000).default("not stated"),
});
export type OnnxImportOptions = z.input<typeof onnxOptions>;

/**
 * Reads the bytes of an ONNX file; `file` is its name. Throws FILE_UNREADABLE for what is no network that can be taken
 * over, and OPTION_INVALID for options and layers that are not as they should be. `onNote` is told where features that
 * nobody named end before the network does.
 */
export async function importOnnx(
  bytes: Uint8Array,
  file: string,
  options: OnnxImportOptions = {},
  onNote: (sentence: string) => void = () => {},
): Promise<Backbone> {
  const parsed = onnxOptions.safeParse(options);
  if (!parsed.success)
    throw new HaleError("OPTION_INVALID", `The import cannot have ${issueOf(parsed.error)}.`, "Correct it.");
  const { features: wanted, range, mean, std, ...rest } = parsed.data;
  const { translation, size } = opened(bytes, file, rest.size);
  const features = wanted ? namedFeatures(translation, wanted, file) : defaultFeatures(translation);
  if (features.length === 0) throw withoutFeatures(translation, file);
  const end = wanted ? null : endOf(translation);
  if (end !== null) onNote(`Of ${file} only layers before this one were taken over: ${end}.`);
  const backbone = assembled(translation, features, {
    name: rest.name ?? file.replace(/^.*[/\\]/, "").replace(/\.onnx$/, ""),
    origin: rest.source,
    licence: rest.licence,
    weightsSha256: await sha256Hex(bytes),
    input: { size, channelOrder: rest.channelOrder, ...preparation(range, mean, std) },
  });
  const sound = description.safeParse(backbone.description);
  // The rules keep to the schema; a fault here is one of ours.
  if (!sound.success) throw new Error(`The layers of ${file} are not those of a backbone: ${issueOf(sound.error)}`);
  checkBackbone(backbone);
  return backbone;
}

/** A layer as a user chooses among them, before anything is taken over. */
export interface ListedLayer extends LayerRow {
  /** Of the node and of what it makes, as they are in the file. */
  node: string;
  outputs: readonly string[];
  /** Why it cannot be taken over; its shape is null then. */
  reason?: string;
  /** Names of modules whose last layer it is. */
  modules: readonly string[];
}

/** All layers of an ONNX file, with shapes for images of `size` pixels. Throws as `importOnnx` does. */
export function listOnnx(bytes: Uint8Array, file: string, size?: number): { size: number; layers: ListedLayer[] } {
  const { translation, size: own } = opened(bytes, file, size);
  const features = new Map(defaultFeatures(translation).map(({ id, name }) => [id, name]));
  const ends = endsOf(translation.rows);
  const layers = translation.rows.map((row): ListedLayer => {
    const { name, node, value } = row;
    const listed = { name, op: node.op, node: node.name, outputs: node.outputs, modules: ends.get(row) ?? [] };
    if (value.kind === "missing") return { ...listed, shape: null, reason: value.reason };
    const shape = value.tensor.shape.slice(1, value.channels.form === "planes" ? 4 : 2);
    const feature = features.get(value.id);
    features.delete(value.id);
    return { ...listed, shape, ...(feature !== undefined && { feature }) };
  });
  return { size: own, layers };
}

function opened(bytes: Uint8Array, file: string, wanted?: number): { translation: Translation; size: number } {
  const model = readOnnx(bytes, file);
  const picture = pictureOf(model, file);
  const [, , rows, columns] = picture.dims;
  const size = wanted ?? (rows === columns && rows > 0 ? rows : 224);
  try {
    return { translation: translate(model, picture.name, size), size };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HaleError("FILE_UNREADABLE", `${file} is no network that can be taken over: ${cause.message}.`, REMEDY, {
      cause,
    });
  }
}

const REMEDY = "Give a convolutional network of colour images, such as one of torchvision or timm.";

/** The one input of the model, images of three channels. */
function pictureOf({ inputs }: OnnxModel, file: string): OnnxValue {
  const refused = (reason: string, remedy = REMEDY) => new HaleError("FILE_UNREADABLE", `${file} ${reason}.`, remedy);
  if (inputs.length !== 1) throw refused(`has ${inputs.length} inputs, where a backbone has images alone`);
  const [picture] = inputs;
  const [, channels, , last] = picture.dims;
  if (picture.dims.length === 4 && last === 3 && channels !== 3)
    throw refused("takes images with channels last", "Export it with channels first: [N, 3, rows, columns].");
  if (picture.dims.length !== 4 || (channels !== 3 && channels !== 0))
    throw refused(`takes [${picture.dims.map((length) => length || "?")}], not images of three channels`);
  return picture;
}

/** Why the first layer that cannot be taken over, though it reads rows and columns, cannot; null where there is none. */
function endOf({ rows, values }: Translation): string | null {
  for (const { node, value } of rows) {
    const read = node.inputs.map((name) => values.get(name));
    const planes = read.some((input) => input?.kind === "layer" && input.channels.form === "planes");
    if (value.kind === "missing" && planes) return value.reason;
  }
  return null;
}

function withoutFeatures({ rows }: Translation, file: string): HaleError {
  const missing = rows.find(({ value }) => value.kind === "missing")?.value;
  const reason = missing?.kind === "missing" ? missing.reason : "it has no layers with rows and columns";
  return new HaleError("FILE_UNREADABLE", `${file} is no network that can be taken over: ${reason}.`, REMEDY);
}

/** With v from 0 to 255, (v - mean) / std as a backbone has it. */
function preparation(range: "0..1" | "0..255" | "-1..1", mean: readonly number[], std: readonly number[]) {
  const [unit, zero] = { "0..1": [255, 0], "0..255": [1, 0], "-1..1": [127.5, 127.5] }[range];
  const [a, b, c] = mean.map((value) => value * unit + zero);
  const [d, e, f] = std.map((value) => value * unit);
  return { mean: [a, b, c], std: [d, e, f] } satisfies Partial<Backbone["description"]["input"]>;
}

type Known = Pick<Backbone["description"], "name" | "origin" | "licence" | "weightsSha256" | "input">;

/** The layers that the features hang on, under names that they can keep. */
function assembled(translation: Translation, features: readonly Feature[], known: Known): Backbone {
  const { drafts, leakySlope = 0.1, rows } = translation;
  const chosen = features.map(({ id }) => id);
  const { layers, weights } = fold(
    drafts.map(({ layer }) => layer),
    translation.weights,
    chosen,
  );
  const titles = new Map(features.map(({ id, name }) => [id, name]));
  // A name that only the file can have becomes one like it.
  const featureNames = unlike(features.map(({ name }) => layerName(name)));
  features.forEach(({ id }, i) => {
    titles.set(id, featureNames[i]);
  });
  const places = new Map(rows.map(({ value, name }) => [value.kind === "layer" ? value.id : "", name]));
  const others = layers.filter(({ id }) => !titles.has(id));
  const names = namesOf(
    others.map(({ id }) => ({ module: "", leaf: places.get(id) ?? id })),
    new Set(featureNames),
  );
  others.forEach(({ id }, i) => {
    titles.set(id, names[i]);
  });
  const nameOf = (id: string) => titles.get(id) ?? id;
  const stored = new Map<string, string>();
  const renamed = layers.map((layer) => {
    const id = nameOf(layer.id);
    const inputs = layer.inputs.map(nameOf);
    if (!("weight" in layer)) return { ...layer, id, inputs } as typeof layer;
    stored.set(layer.weight, `${id}/weight`);
    if (layer.bias !== undefined) stored.set(layer.bias, `${id}/bias`);
    const bias = layer.bias === undefined ? {} : { bias: `${id}/bias` };
    return { ...layer, id, inputs, weight: `${id}/weight`, ...bias } as typeof layer;
  });
  return {
    description: { format: BACKBONE_FORMAT, ...known, leakySlope, layers: renamed, featureLayers: featureNames },
    weights: new Map(weightNames(layers).map((name) => [stored.get(name)!, singleOf(weights.get(name)!)])),
  };
}

/** The same names, with numbers where one comes twice. */
const unlike = (names: readonly string[]) => namesOf(names.map((leaf) => ({ module: "", leaf })));
