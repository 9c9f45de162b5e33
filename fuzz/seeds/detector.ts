/** @file Seeds of our own file: the container as it is, and card and model with hashes that agree, to get past them. */
import { createHash } from "node:crypto";
import { joinedBytes } from "@hale/core";
import { packDetector } from "@hale/detector";
import { unzipSync, zipSync } from "fflate";
import { networkModel } from "../../packages/detector/src/format/bomb-fixture.ts";
import { cardWith, plainModel, withCard } from "../../packages/detector/src/test-support.ts";
import { type Field, fieldsAt, type Seed } from "./seed.ts";

const text = (content: string) => new TextEncoder().encode(content);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A detector of any card and model, with true hashes. */
function forge(card: Uint8Array, model: Uint8Array): Uint8Array {
  const hashes = { "card.json": sha256(card), "model.onnx": sha256(model) };
  const manifest = text(JSON.stringify({ kind: "hale detector", format: 1, sha256: hashes }));
  return zipSync(
    { "manifest.json": manifest, "card.json": card, "model.onnx": model },
    { level: 0, mtime: new Date(1980, 0, 1, 12) },
  );
}

/** Signatures, sizes and offsets of a zip's records. */
export function zipFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at + 30 < bytes.length; at++) {
    if (bytes[at] !== 0x50 || bytes[at + 1] !== 0x4b) continue;
    fields.push(...fieldsAt(at, 4, true), ...fieldsAt(at + 4, 2, true, 13));
    if (bytes[at + 2] === 1) fields.push(...fieldsAt(at + 20, 4, true, 2), ...fieldsAt(at + 42, 4, true));
  }
  return fields.filter((field) => field.at + field.bytes <= bytes.length);
}

export async function detectorSeeds(): Promise<Seed[]> {
  const packed = await packDetector({ model: plainModel, card: cardWith() });
  const { "card.json": card, "model.onnx": model } = unzipSync(packed);
  const carried = model.subarray(plainModel.length);
  /** Mutated under its card, with true hashes. */
  const modelSeed = (name: string, bytes: Uint8Array): Seed => ({
    kind: "hale",
    name,
    bytes,
    codec: false,
    // A protocol buffer: any byte may be a length.
    fields: fieldsAt(0, 1, true, bytes.length),
    seal: (mutated) => forge(card, joinedBytes([mutated, carried])),
  });
  return [
    { kind: "hale", name: "zip", bytes: packed, codec: false, fields: zipFields(packed) },
    {
      kind: "hale",
      name: "card",
      bytes: card,
      codec: false,
      fields: [],
      seal: (bytes) => forge(bytes, withCard(plainModel, new TextDecoder().decode(bytes))),
    },
    modelSeed("model", plainModel),
    modelSeed("network", networkModel),
  ];
}
