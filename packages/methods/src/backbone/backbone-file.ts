/**
 * @file A backbone as one ONNX file: input `image` [N, 3, S, S] in [-1, 1], any N, outputs named by the feature layers.
 * Any ONNX Runtime runs it. hale itself reads the layer list (metadata `hale.backbone`) and the weights (initializers)
 * back, so that it can take gradients and other sizes of image.
 *
 * The last metadata entry, `hale.sha256`, is the SHA-256 of all bytes before it. Appending a field to a protobuf message
 * is as good as encoding it with the others (protobuf.dev/programming-guides/encoding, "Last One Wins").
 */
import {
  decodeModel,
  encodeMetadata,
  FLOAT,
  input,
  lower,
  type NamedArray,
  type StoredModel,
  SYMBOLIC_BATCH,
  type TensorProto,
} from "@hale/autodiff";
import { HaleError, sha256Hex } from "@hale/core";
import {
  BACKBONE_FORMAT,
  type Backbone,
  type BackboneDescription,
  checkBackbone,
  description as descriptionSchema,
  layersFor,
  weightNames,
} from "./description.ts";
import { FeatureNetwork } from "./network.ts";
import { issueOf } from "./plain-model.ts";

const DESCRIPTION = "hale.backbone";
const SEAL = "hale.sha256";
/** Keeps weights' names apart from those that the graph gives. */
const WEIGHTS = "weights/";

/**
 * The file of a backbone. Layers that no feature layer hangs on are left out, with their weights. Equal backbones give
 * equal bytes.
 */
export async function writeBackbone(backbone: Backbone): Promise<Uint8Array> {
  const layers = layersFor(backbone.description.layers, backbone.description.featureLayers);
  const description: BackboneDescription = { ...backbone.description, layers };
  const weights = new Map(weightNames(layers).map((name) => [name, backbone.weights.get(name)!]));
  const network = new FeatureNetwork({ description, weights }, (name, { shape }) => input(WEIGHTS + name, shape));
  const { size } = description.input;
  const features = network.features(input("image", [SYMBOLIC_BATCH, 3, size, size]));
  const { bytes } = lower(
    "backbone",
    Object.fromEntries(description.featureLayers.map((name, i) => [name, features[i]])),
    {
      target: "cpu",
      exact: true,
      constants: new Map([...weights].map(([name, array]) => [WEIGHTS + name, array])),
      metadata: { [DESCRIPTION]: JSON.stringify(description) },
    },
  );
  const tail = seal(await sha256Hex(bytes));
  const file = new Uint8Array(bytes.length + tail.length);
  file.set(bytes);
  file.set(tail, bytes.length);
  return file;
}

/** The metadata entry with a hash of 64 digits, as a field of the model. */
const seal = (hash: string): Uint8Array => encodeMetadata({ [SEAL]: hash });

const SEAL_BYTES = seal("0".repeat(64)).length;

/**
 * Reads a backbone's file; `name` is the file, for errors. Throws FILE_UNREADABLE for any other file, one of another
 * format, and one that has changed since it was written.
 */
export async function readBackbone(bytes: Uint8Array, name: string): Promise<Backbone> {
  const refused = (reason: string, cause?: unknown) =>
    new HaleError("FILE_UNREADABLE", `${name} ${reason}.`, "Import the backbone anew.", { cause, setting: "backbone" });
  const end = Math.max(bytes.length - SEAL_BYTES, 0);
  const foreign = "is no backbone that hale wrote, or its end is missing";
  // All of the seal but the digits is always the same.
  const digits = new TextDecoder().decode(bytes.subarray(-64));
  const expected = seal(digits.padStart(64, "0").slice(-64));
  if (!/^[0-9a-f]{64}$/.test(digits) || expected.some((byte, i) => byte !== bytes[end + i])) throw refused(foreign);
  if ((await sha256Hex(bytes.subarray(0, end))) !== digits) throw refused("has changed since it was written");

  let model: StoredModel;
  try {
    model = decodeModel(bytes.subarray(0, end));
  } catch (cause) {
    throw refused("cannot be decoded", cause);
  }
  const description = readDescription(model, refused);
  try {
    const stored = model.initializers.filter((tensor) => tensor.name.startsWith(WEIGHTS));
    const weights = new Map(stored.map((tensor) => [tensor.name.slice(WEIGHTS.length), readInitializer(tensor)]));
    const backbone = { description, weights };
    checkBackbone(backbone);
    return backbone;
  } catch (cause) {
    if (cause instanceof RangeError) throw refused(`does not fit together: ${cause.message}`, cause);
    throw cause;
  }
}

function readDescription(
  { metadata }: StoredModel,
  refused: (reason: string, cause?: unknown) => HaleError,
): BackboneDescription {
  const text = metadata[DESCRIPTION];
  if (text === undefined) throw refused("does not say which layers it has");
  let record: { format?: unknown } | null;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw refused("describes its layers in a way that is not JSON", cause);
  }
  if (typeof record?.format === "number" && record.format !== BACKBONE_FORMAT)
    throw refused(`has format ${record.format}; this version of hale reads ${BACKBONE_FORMAT}`);
  const parsed = descriptionSchema.safeParse(record);
  if (!parsed.success) throw refused(`has a description that hale does not write: ${issueOf(parsed.error)}`);
  return parsed.data;
}

function readInitializer({ dims, dataType, name, rawData }: TensorProto): NamedArray {
  const count = dims.reduce((product, length) => product * length, 1);
  if (dataType !== FLOAT || rawData.length !== 4 * count) throw new RangeError(`the weight ${name} is not [${dims}]`);
  // A copy, because views of numbers must begin at a multiple of their width.
  const data = new Float32Array(new Uint8Array(rawData).buffer);
  if (!data.every(Number.isFinite)) throw new RangeError(`the weight ${name} holds values that are not numbers`);
  return { shape: dims, data };
}
