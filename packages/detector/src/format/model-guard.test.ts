/** @file Models that ask for gigabytes or hours are refused by rule, before ONNX Runtime sees them. */
import { HaleError } from "@hale/core";
import { describe, expect, test } from "vitest";
import { cardWith, onnx, withCard } from "../test-support.ts";
import { BOMBS, networkModel, node, pixels, weights } from "./bomb-fixture.ts";
import { checkModel } from "./model-guard.ts";
import { readCard } from "./package.ts";

const { image } = cardWith();

test.each(Object.entries(BOMBS))("a model that asks for too much is refused: %s", async (_, { model, refusal }) => {
  const before = process.cpuUsage();
  const error = await readCard(withCard(model, JSON.stringify(cardWith())), "d.hale").catch((cause: unknown) => cause);
  const { user, system } = process.cpuUsage(before);
  expect(error).toBeInstanceOf(HaleError);
  const { code, message } = error as HaleError;
  expect(["DETECTOR_CORRUPT", "DETECTOR_TOO_COSTLY"]).toContain(code);
  expect(message).toMatch(refusal);
  expect(message).toContain("d.hale");
  expect((user + system) / 1e6).toBeLessThan(2);
});

test("a plain network passes, and is refused where it is cut off", async () => {
  checkModel(networkModel, image, "d.hale");
  for (let length = 1; length < networkModel.length; length += 13) {
    expect(() => checkModel(networkModel.subarray(0, length), image, "d.hale")).toThrow(HaleError);
  }
});

describe("a model that", () => {
  const one = weights("w", Float32Array.of(1, 2), [1, 2]);
  test.each<[string, Uint8Array[], RegExp]>([
    ["has another version of the operators", [], /version 20/],
    ["has an attribute that is not its operator's", [one, node("Relu", ["w"], "v", { axis: 1 })], /attribute axis/],
    [
      "has an attribute twice",
      [one, node("Concat", ["w"], "v", { axis: 0 }), node("Concat", ["w"], "v")],
      /v twice|lacks/,
    ],
    ["multiplies matrices that do not fit", [one, node("MatMul", ["w", "w"], "v")], /do not go together/],
    [
      "adds what does not broadcast",
      [one, pixels, weights("x", new Float32Array(3)), node("Add", ["w", "x"], "v")],
      /do not go/,
    ],
    [
      "cuts everything away",
      [one, weights("p", BigInt64Array.of(0n, 0n, 0n, -2n)), node("Pad", ["w", "p"], "v")],
      /makes nothing/,
    ],
    ["takes shapes from a picture", [pixels, one, node("Reshape", ["w", "pixels"], "v")], /not known before/],
    ["reads what is nowhere", [node("Relu", ["x"], "v")], /reads x before/],
  ])("%s is refused", (what, fields, refusal) => {
    const model = what.includes("version") ? Uint8Array.of(8, 9, 0x3a, 0) : onnx(...fields);
    expect(() => checkModel(model, image, "d.hale")).toThrow(refusal);
  });
});
