import { encodeField, HaleError } from "@hale/core";
import fc from "fast-check";
import { type Zippable, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { cardWith, field, message, onnx, plainModel, tensor } from "../test-support.ts";
import type { Card } from "./card.ts";
import { cardIn, withCard } from "./model-card.ts";
import { type DetectorParts, packDetector, unpackDetector } from "./package.ts";

const packed = await packDetector({ model: plainModel, card: cardWith() });
const parts: DetectorParts = { model: withCard(plainModel, cardText(cardWith())), card: cardWith() };

/** The error code of unpacking, or the parts. */
async function outcome(bytes: Uint8Array): Promise<DetectorParts | string> {
  try {
    return await unpackDetector(bytes, "d.hale");
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    expect(error.message).toContain("d.hale");
    return error.code;
  }
}

const text = (content: string) => new TextEncoder().encode(content);
const sha256 = async (bytes: Uint8Array) =>
  Buffer.from(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toString("hex");

/** The text of card.json. */
function cardText(card: Card): string {
  return `${JSON.stringify(card, null, 2)}\n`;
}

/** A zip such as hale writes, but with other contents and true hashes. */
async function forge(changes: {
  card?: unknown;
  cardText?: string;
  model?: Uint8Array;
  format?: number;
  entries?: Zippable;
  level?: 0 | 9;
}) {
  const written = changes.cardText ?? (changes.card ? JSON.stringify(changes.card) : cardText(parts.card));
  const card = text(written);
  const model = changes.model ?? withCard(plainModel, written);
  const manifest = {
    kind: "hale detector",
    format: changes.format ?? 1,
    sha256: { "card.json": await sha256(card), "model.onnx": await sha256(model) },
  };
  const entries: Zippable = {
    "manifest.json": text(JSON.stringify(manifest)),
    "card.json": card,
    "model.onnx": model,
    ...changes.entries,
  };
  return zipSync(entries, { level: changes.level ?? 0 });
}

describe("a packed detector", () => {
  test("unpacks to what was packed", async () => {
    expect(await unpackDetector(packed, "d.hale")).toEqual(parts);
  });

  test("carries its card in the model too, with what the model says besides left out", async () => {
    const { model } = await unpackDetector(packed, "d.hale");
    expect(JSON.parse(cardIn(model)!)).toEqual(parts.card);
    const others = message(field(14, message(field(1, "author"), field(2, "somebody"))), plainModel);
    expect(await packDetector({ ...parts, model: others })).toEqual(packed);
  });

  test("packs to the same bytes again, and takes a new card in place of the old", async () => {
    const { model, card } = await unpackDetector(packed, "d.hale");
    expect(await packDetector({ model, card })).toEqual(packed);
    const renamed = { ...card, intendedUse: "Another." };
    const again = await unpackDetector(await packDetector({ model, card: renamed }), "d.hale");
    expect(again.card).toEqual(renamed);
    expect(again.model).toEqual(withCard(plainModel, cardIn(again.model)!));
  });

  test("has the same bytes every time and in every time zone", async () => {
    const zone = process.env.TZ;
    process.env.TZ = "Pacific/Kiritimati";
    expect(await packDetector(parts)).toEqual(packed);
    process.env.TZ = zone ?? "UTC";
    expect(packed.slice(10, 14)).toEqual(Uint8Array.of(0, 0x60, 0x21, 0));
  });

  test("is refused, or unchanged, after a flip of any bit", async () => {
    const buffer = Buffer.from(packed);
    const cardStart = buffer.indexOf('"haleVersion"');
    const cardEnd = buffer.indexOf("PK", cardStart);
    const modelStart = buffer.indexOf(Buffer.from(parts.model));
    for (let i = 0; i < packed.length; i++) {
      const damaged = packed.slice();
      damaged[i] ^= 1 << ((i * 5) % 8);
      const result = await outcome(damaged);
      if (typeof result !== "string") expect(result).toEqual(parts);
      const inCard = i >= cardStart && i < cardEnd;
      const inModel = i >= modelStart && i < modelStart + parts.model.length;
      if (inCard || inModel) expect(result, `byte ${i}`).toBe("DETECTOR_CORRUPT");
    }
  });

  test("is refused when cut off anywhere", async () => {
    for (let length = 0; length < packed.length; length += 7) {
      expect(await outcome(packed.slice(0, length))).toBe("DETECTOR_CORRUPT");
    }
  });

  test("is refused with anything before, behind or instead of it", async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(bytes, async (noise) => {
        expect(await outcome(noise)).toBe("DETECTOR_CORRUPT");
        expect(await outcome(message(noise, packed))).toBe("DETECTOR_CORRUPT");
        expect(await outcome(message(packed, noise))).toBe("DETECTOR_CORRUPT");
      }),
      { numRuns: 50 },
    );
  });
});

describe("a file of another kind is refused with its name", () => {
  test.each([
    ["a Python pickle", [0x80, 2, 0x7d, 0x71]],
    ["a NumPy array", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]],
    ["a bare ONNX model", [...plainModel]],
  ])("%s", async (kind, bytes) => {
    await expect(unpackDetector(Uint8Array.from(bytes), "d.hale")).rejects.toThrow(`it looks like ${kind}`);
  });

  test("another zip", async () => {
    const zip = zipSync({ "notes.txt": text("hello") }, { level: 0 });
    await expect(unpackDetector(zip, "d.hale")).rejects.toThrow("without a detector's manifest");
  });

  test("a PyTorch checkpoint, which is a zip too", async () => {
    const zip = zipSync({ "model/data.pkl": Uint8Array.of(0x80, 2) }, { level: 0 });
    await expect(unpackDetector(zip, "d.hale")).rejects.toThrow('an entry named "model/data.pkl"');
  });
});

describe("a forged detector is refused", () => {
  test("unless nothing is forged", async () => {
    expect(await outcome(await forge({}))).toEqual(parts);
  });

  test("except that a card from before there were views or parts has none, and has a healthy counterpart", async () => {
    const { views: _, parts: __, counterpart: ___, ...older } = parts.card;
    expect(await outcome(await forge({ card: older }))).toMatchObject({ card: parts.card });
  });

  test("when its format is of another version, also with entries unknown today", async () => {
    expect(await outcome(await forge({ format: 2 }))).toBe("DETECTOR_MISMATCH");
    expect(await outcome(await forge({ format: 2, entries: { "more.json": text("{}") } }))).toBe("DETECTOR_MISMATCH");
    expect(await outcome(await forge({ card: { ...parts.card, format: 2 } }))).toBe("DETECTOR_MISMATCH");
  });

  test.each(["../model.onnx", "/etc/passwd", "a/b.json", "..\\model.onnx", "C:x.onnx", "more.json"])(
    "when it holds %s",
    async (entry) => {
      expect(await outcome(await forge({ entries: { [entry]: text("x") } }))).toBe("DETECTOR_CORRUPT");
    },
  );

  test("when an entry is missing", async () => {
    const all = { "manifest.json": text("{}"), "card.json": text("{}"), "model.onnx": plainModel };
    for (const entry of Object.keys(all)) {
      const { [entry as "card.json"]: _left, ...rest } = all;
      expect(await outcome(zipSync(rest, { level: 0 }))).toBe("DETECTOR_CORRUPT");
    }
  });

  test("when it is deflated, so that a bomb is never inflated", async () => {
    const bomb = await forge({ entries: { "model.onnx": new Uint8Array(8 * 1024 * 1024) }, level: 9 });
    expect(bomb.length).toBeLessThan(100_000);
    const start = performance.now();
    await expect(unpackDetector(bomb, "d.hale")).rejects.toThrow("is compressed");
    expect(performance.now() - start).toBeLessThan(100);
  });

  test("when it claims four thousand million entries", async () => {
    const claim = packed.slice();
    claim.fill(255, claim.length - 14, claim.length - 10);
    expect(await outcome(claim)).toBe("DETECTOR_CORRUPT");
  });

  test.each([
    ["a number that is infinite", JSON.stringify(parts.card).replace('"seconds":12.5', '"seconds":1e999')],
    ["a bare NaN", JSON.stringify(parts.card).replace('"seconds":12.5', '"seconds":NaN')],
    ["a number that is null", JSON.stringify(parts.card).replace('"seconds":12.5', '"seconds":null')],
    ["a field too many", JSON.stringify({ ...parts.card, run: "rm" })],
    ["scores that do not ascend", JSON.stringify(cardWith({ normalScores: [0.2, 0.1, 0.2, 0.3] }))],
    [
      "a threshold that is not the score of its rank",
      JSON.stringify(cardWith({ normalScores: [0.1, 0.2, 0.2, 0.31] })),
    ],
    ["no threshold and no reason", JSON.stringify(cardWith({ threshold: null }))],
    ["another notice", JSON.stringify({ ...parts.card, notice: "For diagnosis." })],
    [
      "a self-check that tells nothing",
      JSON.stringify(cardWith({ selfCheck: { ...cardWith().selfCheck, tolerance: 1e9 } })),
    ],
    ["nothing", "null"],
  ])("when its card has %s", async (_what, cardText) => {
    expect(await outcome(await forge({ cardText }))).toBe("DETECTOR_CORRUPT");
  });

  test.each([
    ["reads weights from another file", field(5, tensor([1, 2], field(13, field(1, "location")), field(14, 1)))],
    ["has weights that are NaN", field(5, tensor([1, Number.NaN]))],
    ["has weights that do not fill their shape", field(5, tensor([1, 2], field(1, 3)))],
    ["loops", field(1, message(field(4, "Loop"), field(5, field(6, ""))))],
    ["has ops from elsewhere", field(1, message(field(4, "Run"), field(7, "evil")))],
    ["has ops that not every build has", field(1, message(field(4, "Conv"), field(7, "com.microsoft.nchwc")))],
    ["has doubles", field(5, message(field(1, 1), field(2, 11), field(8, "w"), field(9, new Uint8Array(8))))],
    ["is cut off", Uint8Array.of(0x0a, 50, 1)],
  ])("when its model %s", async (_what, graphField) => {
    const model = onnx(graphField);
    await expect(packDetector({ ...parts, model })).rejects.toMatchObject({ code: "DETECTOR_CORRUPT" });
  });
});

describe("a card in the model is refused", () => {
  const entry = (key: string, value: string, ...more: Uint8Array[]) =>
    encodeField(14, message(encodeField(1, key), encodeField(2, value), ...more));
  const own = entry("hale.card", cardText(parts.card));
  test.each([
    ["when it is missing", plainModel, "carries no card"],
    ["when it is another", withCard(plainModel, cardText(cardWith({ intendedUse: "Diagnosis." }))), "another card"],
    ["when it is there twice", message(plainModel, own, own), "two cards"],
    ["beside other metadata", message(plainModel, own, entry("author", "somebody")), 'metadata "author"'],
    [
      "with more than key and value",
      message(plainModel, entry("hale.card", cardText(parts.card), field(3, 1))),
      "metadata",
    ],
  ])("%s", async (_when, model, reason) => {
    await expect(forge({ model }).then((bytes) => unpackDetector(bytes, "d.hale"))).rejects.toMatchObject({
      code: "DETECTOR_CORRUPT",
      message: expect.stringContaining(reason),
    });
  });
});

test("a card with NaN cannot be written", async () => {
  const card = cardWith({ mapScale: { p50: Number.NaN, p95: 1, p99: 1, max: 1, top: 1 } });
  await expect(packDetector({ ...parts, card })).rejects.toThrow(/mapScale\.p50/);
});
