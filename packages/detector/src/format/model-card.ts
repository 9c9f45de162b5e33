/**
 * @file The card inside the model: an entry of ONNX's `metadata_props` with the text of card.json, so that a model that is
 * taken out of its `.hale` file keeps its meaning. Any ONNX Runtime gives it back, Python's as
 * `session.get_modelmeta().custom_metadata_map["hale.card"]`. The hash of the model is over the entry too; the card says
 * nothing of the model's bytes, so neither has to be known before the other.
 */
import { encodeField, joinedBytes, wireFields } from "@hale/core";

/** Key of the entry. */
export const CARD_KEY = "hale.card";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Number of `metadata_props` in ModelProto. */
const METADATA_PROPS = 14;
/** Fields of an entry. */
const KEY = 1;
const VALUE = 2;

/** The model with this text as its card and no other metadata. Throws RangeError or TypeError where `model` is no message. */
export function withCard(model: Uint8Array, card: string): Uint8Array {
  const entry = encodeField(METADATA_PROPS, joinedBytes([encodeField(KEY, CARD_KEY), encodeField(VALUE, card)]));
  const others = [...wireFields(model)].filter(({ id }) => id !== METADATA_PROPS);
  return joinedBytes([...others.map(({ raw }) => raw), entry]);
}

/** The text of a model's card, or null where it has none. Throws RangeError or TypeError where `model` is no message. */
export function cardIn(model: Uint8Array): string | null {
  for (const { id, value } of wireFields(model)) {
    if (id !== METADATA_PROPS || typeof value === "bigint") continue;
    const { key, text } = metadataEntry(value);
    if (key === CARD_KEY) return text;
  }
  return null;
}

/** An entry's key and value, each "" where it is missing, and whether it holds anything else or the same twice. */
export function metadataEntry(entry: Uint8Array): { key: string; text: string; odd: boolean } {
  const fields = [...wireFields(entry)];
  const read = (id: number) => {
    const value = fields.find((field) => field.id === id)?.value;
    return value instanceof Uint8Array ? UTF8.decode(value) : "";
  };
  return { key: read(KEY), text: read(VALUE), odd: fields.map(({ id }) => id).join() !== `${KEY},${VALUE}` };
}
