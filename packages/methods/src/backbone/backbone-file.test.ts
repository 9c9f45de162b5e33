/** @file A backbone through its ONNX file: the same tensors again, the same numbers in ONNX Runtime, no other file. */
import { evaluate, input, lower, square } from "@hale/autodiff";
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { readBackbone, writeBackbone } from "./backbone-file.ts";
import type { Backbone } from "./description.ts";
import { FeatureNetwork } from "./network.ts";
import { largestDifference, naive, noise, residualPlain, sha256, tinyPlain } from "./node/test-support.ts";
import { readPlainModel } from "./plain-model.ts";

const plain = tinyPlain();
const original = await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny");
const file = await writeBackbone(original);
const again = await readBackbone(file, "tiny.onnx");

test("everything that features hang on comes back, and nothing else", () => {
  const { layers, ...rest } = original.description;
  expect(again.description).toEqual({ ...rest, layers: layers.filter(({ id }) => id !== "mean" && id !== "classes") });
  const wanted = [...original.weights.keys()].filter((name) => !name.startsWith("classes"));
  expect([...again.weights.keys()].sort()).toEqual(wanted.sort());
  for (const [name, array] of again.weights) expect(array, name).toEqual(original.weights.get(name));
});

test("equal backbones give equal bytes, also when read and written again", async () => {
  expect(await writeBackbone(original)).toEqual(file);
  expect(await writeBackbone(again)).toEqual(file);
});

test("ONNX Runtime makes of the file what the loops say, for any number of images", async () => {
  const { featureLayers } = again.description;
  const device = await openDevice({ threads: 1 });
  const session = await device.createSession(file);
  expect([session.inputNames, session.outputNames]).toEqual([["image"], featureLayers]);
  for (const images of [1, 3]) {
    const data = noise(images * 768, images);
    const results = await session.run({ image: device.tensor(Float32Array.from(data), [images, 3, 16, 16]) });
    const expected = Array.from({ length: images }, (_, i) =>
      naive(plain, { shape: [3, 16, 16], data: data.slice(768 * i, 768 * (i + 1)) }),
    );
    for (const layer of featureLayers) {
      expect(results[layer].dims).toEqual([images, ...expected[0].get(layer)!.shape]);
      const wanted = expected.flatMap((values) => values.get(layer)!.data);
      expect(largestDifference(results[layer].data as Float32Array, wanted), layer).toBeLessThan(1e-6);
    }
  }
  await session.release();
});

test("ONNX Runtime makes of a residual network what the loops say, from a file that says the same again", async () => {
  const own = residualPlain();
  const backbone = await readPlainModel(JSON.stringify(own.record), own.bytes, "residual");
  const bytes = await writeBackbone(backbone);
  expect(await writeBackbone(await readBackbone(bytes, "residual.onnx"))).toEqual(bytes);
  const device = await openDevice({ threads: 1 });
  const session = await device.createSession(bytes);
  const data = noise(2 * 1200, 4);
  const results = await session.run({ image: device.tensor(Float32Array.from(data), [2, 3, 20, 20]) });
  const expected = [0, 1].map((i) => naive(own, { shape: [3, 20, 20], data: data.slice(1200 * i, 1200 * (i + 1)) }));
  for (const layer of backbone.description.featureLayers) {
    const wanted = expected.flatMap((values) => values.get(layer)!.data);
    expect(largestDifference(results[layer].data as Float32Array, wanted), layer).toBeLessThan(1e-6);
  }
  await session.release();
});

test("what is read back takes other sizes, and gives the same tensors", () => {
  const image = noise(20 * 14, 3);
  const values = (backbone: Backbone) =>
    evaluate(new FeatureNetwork(backbone).features(input("image", [1, 1, 20, 14])), { image });
  expect(values(again)).toEqual(values(original));
});

/** Appends the hash as the writer does. */
function sealed(bytes: Uint8Array): Uint8Array {
  const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
  return Uint8Array.from([...bytes, 0x72, 79, 0x0a, ...text("hale.sha256"), 0x12, ...text(sha256(bytes))]);
}
const unsealed = file.subarray(0, file.length - 81);

/** A model of something else, with a description. */
function other(description?: unknown): Uint8Array {
  const metadata = description === undefined ? undefined : { "hale.backbone": description as string };
  return lower("other", { y: square(input("image", [1])) }, { target: "cpu", metadata }).bytes;
}
const described = (change: object) => other(JSON.stringify({ ...again.description, ...change }));

/** With one byte changed. */
const flipped = (at: number) => file.map((byte, i) => (i === at ? byte ^ 1 : byte));

test("the test's own seal is the writer's", () => expect(sealed(unsealed)).toEqual(file));

test.each<[string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(0), /is no backbone that hale wrote/],
  ["a few bytes", new Uint8Array(5), /is no backbone that hale wrote/],
  ["64 digits and no more", new TextEncoder().encode("0".repeat(64)), /is no backbone that hale wrote/],
  ["another ONNX file", other(), /is no backbone that hale wrote/],
  ["a byte less", file.subarray(0, -1), /is no backbone that hale wrote, or its end is missing/],
  ["half of it", file.subarray(0, file.length / 2), /its end is missing/],
  ["a beginning that is missing", file.subarray(1), /has changed since it was written/],
  ["a byte more", Uint8Array.from([...file, 0]), /is no backbone that hale wrote/],
  ["a changed first byte", flipped(0), /has changed/],
  ["a changed byte in the middle", flipped(file.length >> 1), /has changed/],
  ["a changed byte in the description", flipped(file.length - 200), /has changed/],
  ["a changed digit of the hash", flipped(file.length - 1), /has changed|is no backbone/],
  ["a changed name of the hash", flipped(file.length - 70), /is no backbone that hale wrote/],
  ["sealed, but no protobuf", sealed(Uint8Array.from([255, 255])), /cannot be decoded/],
  ["sealed, but another model", sealed(other()), /does not say which layers it has/],
  ["a description that is not JSON", sealed(other("{")), /not JSON/],
  ["a description that is none", sealed(other("null")), /a description that hale does not write/],
  ["another format", sealed(described({ format: 1 })), /has format 1; this version of hale reads 2/],
  ["a description with more", sealed(described({ extra: 1 })), /does not write.*extra/],
  ["a description without weights", sealed(described({})), /the weight stem\/weight is missing/],
])("%s is refused", async (_what, bytes, sentence) => {
  await expect(readBackbone(bytes, "x.onnx")).rejects.toMatchObject({ name: "HaleError", code: "FILE_UNREADABLE" });
  await expect(readBackbone(bytes, "x.onnx")).rejects.toThrow(sentence);
  await expect(readBackbone(bytes, "x.onnx")).rejects.toThrow(/^x\.onnx .*Import the backbone anew\.$/);
});
