/**
 * @file The file of a detector, `.hale`: `manifest.json` with the format's version and the SHA-256 of the others,
 * `card.json` and `model.onnx`, which carries the same card, in a zip. Hashes find damage; they do not say who made a file.
 */
import { HaleError, sha256Hex } from "@hale/core";
import * as z from "zod";
import { corrupt, looksLikeModel, readArchive, writeArchive } from "./archive.ts";
import { type Card, parseCard } from "./card.ts";
import { cardIn, withCard } from "./model-card.ts";
import { checkModel } from "./model-guard.ts";

/** Version of the file's layout; another one is refused. */
export const DETECTOR_FORMAT = 1;

const MANIFEST = "manifest.json";
const CARD = "card.json";
const MODEL = "model.onnx";

export interface DetectorParts {
  /** A serialised ONNX model that keeps the contract of outputs.ts. Out of a file, it carries the card. */
  model: Uint8Array;
  card: Card;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const manifest = z.strictObject({
  kind: z.literal("hale detector"),
  format: z.literal(DETECTOR_FORMAT),
  sha256: z.strictObject({ [CARD]: hash, [MODEL]: hash }),
});

/**
 * Packs a detector; equal parts give equal bytes. The card goes into the model too, in place of all metadata that it has.
 * Throws DETECTOR_CORRUPT when a part is not sound.
 */
export async function packDetector({ model, card }: DetectorParts): Promise<Uint8Array> {
  const checkedCard = parseCard(card, "the new detector");
  const cardText = jsonText(checkedCard);
  const cardBytes = new TextEncoder().encode(cardText);
  const carrying = modelWithCard(model, cardText);
  checkModel(carrying, checkedCard.image, "The model");
  const record: z.infer<typeof manifest> = {
    kind: "hale detector",
    format: DETECTOR_FORMAT,
    sha256: { [CARD]: await sha256Hex(cardBytes), [MODEL]: await sha256Hex(carrying) },
  };
  return writeArchive({ [MANIFEST]: encodeJson(record), [CARD]: cardBytes, [MODEL]: carrying });
}

/**
 * Unpacks and checks a detector; `name` is the file, for errors. Throws DETECTOR_MISMATCH for a format of another
 * version, DETECTOR_TOO_COSTLY for a model that asks for more than any detector needs, and DETECTOR_CORRUPT for anything
 * else that is not exactly what was packed.
 */
export async function unpackDetector(bytes: Uint8Array, name: string): Promise<DetectorParts> {
  const entries = readArchive(bytes, name);
  const manifestBytes = entries.get(MANIFEST);
  if (!manifestBytes) throw corrupt(name, "it is a zip file without a detector's manifest");
  const record = decodeJson(manifestBytes, MANIFEST, name) as { kind?: unknown; format?: unknown } | null;
  const format = record?.format;
  if (record?.kind === "hale detector" && typeof format === "number" && format !== DETECTOR_FORMAT) {
    throw new HaleError(
      "DETECTOR_MISMATCH",
      `${name} has format ${format}; this version of hale reads ${DETECTOR_FORMAT}.`,
      "Use the version of hale that wrote it, or export the detector again.",
    );
  }
  const parsed = manifest.safeParse(record);
  if (!parsed.success) throw corrupt(name, "its manifest is not a detector's");

  const extra = [...entries.keys()].find((entry) => ![MANIFEST, CARD, MODEL].includes(entry));
  if (extra) throw corrupt(name, `it holds an entry "${extra}" that does not belong there`);
  const checked = async (entry: typeof CARD | typeof MODEL) => {
    const content = entries.get(entry);
    if (!content) throw corrupt(name, `its entry "${entry}" is missing`);
    if ((await sha256Hex(content)) !== parsed.data.sha256[entry])
      throw corrupt(name, `its entry "${entry}" was changed`);
    return content;
  };
  const cardBytes = await checked(CARD);
  const card = parseCard(decodeJson(cardBytes, CARD, name), name);
  const model = await checked(MODEL);
  checkModel(model, card.image, name);
  const carried = cardIn(model);
  if (carried === null) throw corrupt(name, "its model carries no card");
  if (carried !== new TextDecoder().decode(cardBytes)) throw corrupt(name, "its model carries another card");
  return { model, card };
}

/**
 * The card of a detector, or of a model that was taken out of one; nothing is run. `name` is the file, for errors. Throws what
 * `unpackDetector` throws; DETECTOR_CORRUPT too for a model without a card.
 */
export async function readCard(bytes: Uint8Array, name: string): Promise<Card> {
  if (!looksLikeModel(bytes)) return (await unpackDetector(bytes, name)).card;
  let text: string | null;
  try {
    text = cardIn(bytes);
  } catch (cause) {
    throw corrupt(name, "its model cannot be read", cause);
  }
  if (text === null) throw corrupt(name, "it is an ONNX model without a card");
  const card = parseCard(decodeJson(new TextEncoder().encode(text), CARD, name), name);
  checkModel(bytes, card.image, name);
  return card;
}

/** Throws DETECTOR_CORRUPT for what is no model. */
function modelWithCard(model: Uint8Array, card: string): Uint8Array {
  try {
    return withCard(model, card);
  } catch (cause) {
    throw corrupt("The model", "its model cannot be read", cause);
  }
}

const jsonText = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const encodeJson = (value: unknown) => new TextEncoder().encode(jsonText(value));

function decodeJson(bytes: Uint8Array, entry: string, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw corrupt(name, `its entry "${entry}" is not JSON`, cause);
  }
}
