/** @file A detector of every registered method says the same in every runtime that hale promises. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { methods } from "@hale/methods";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs, swiftShader } from "../../packages/core/src/node/needs-fixture.ts";
import { CHROMIUM, findChromium } from "../../packages/runtime/src/node/page-fixture.ts";
import type { Answer, Runtime, SmallDetector } from "./answer.ts";
import { chromium } from "./chromium.ts";
import { compare, TOLERANCE } from "./compare.ts";
import { trainDetectors } from "./detectors.ts";
import { nodeCpu } from "./node-cpu.ts";
import { findPython, pythonRuntime } from "./python.ts";

const TIMEOUT_MS = 900_000;

let folder: string;
let detectors: SmallDetector[];
let reference: Answer[][];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-identity-"));
  detectors = await trainDetectors(folder, () => {});
  reference = await nodeCpu.answers(detectors);
}, TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

const browser = needs(`Chromium at ${CHROMIUM}`, findChromium);
const gpu = needs("SwiftShader (Debian's package chromium)", swiftShader);
// Not `needs`: CI has no Python with onnxruntime, and is not to fail for it.
const python = findPython();
if ("missing" in python) process.stderr.write(`skipped: Python's onnxruntime, since ${python.missing}\n`);

test("the detectors are worth comparing: of every method, with a threshold, and not all of one mind", () => {
  expect([...new Set(detectors.map(({ method }) => method))]).toEqual([...methods.keys()]);
  for (const { card } of detectors) expect(card.threshold).not.toBeNull();
  const decisions = reference.flat().map(({ decision }) => decision);
  expect(new Set(decisions)).toEqual(new Set(["above", "not above", "needs review"]));
  for (const answers of reference) expect(new Set(answers.map(({ score }) => score)).size).toBe(answers.length);
});

describe("scores, maps and decisions are those of Node's CPU", { timeout: TIMEOUT_MS }, () => {
  /** `pick` says which detectors, and which of their images. */
  async function check(runtime: Runtime, pick = { channels: [1, 3], every: 1 }): Promise<void> {
    const picked = detectors.map((detector, k) => ({ detector, answers: reference[k] }));
    const some = picked.filter(({ detector }) => pick.channels.includes(detector.card.image.channels));
    const of = <T>(all: readonly T[]) => all.filter((_, i) => i % pick.every === 0);
    const compared = some.map(({ detector }) => ({ ...detector, images: of(detector.images) }));
    const expected = some.map(({ answers }) => of(answers));
    const rows = compare(runtime.name, compared, await runtime.answers(compared), expected);
    expect(rows.map(({ method }) => method)).toEqual([...methods.keys()]);
    for (const row of rows) {
      expect(row.max_relative_difference, `${row.method}, scores`).toBeLessThanOrEqual(TOLERANCE[runtime.name]);
      expect(row.mapDifference, `${row.method}, maps`).toBeLessThanOrEqual(10 * TOLERANCE[runtime.name]);
      expect(row.same_decisions, `${row.method}, decisions`).toBe(true);
    }
  }

  test.skipIf("missing" in python)("in Python, by the script of the README", () =>
    check(pythonRuntime((python as { python: string }).python)),
  );
  test.skipIf(!browser)("in Chromium, by WebAssembly", () => check(chromium("wasm")));
  test.skipIf(!browser || !gpu)("in Chromium, by WebGPU", () =>
    // A GPU in software: grey detectors, and every third image, healthy and not in turn. The command compares all.
    check(chromium("webgpu"), { channels: [1], every: 3 }),
  );
});
