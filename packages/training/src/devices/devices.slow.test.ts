/** @file One training, four devices: the same losses, and on a GPU nothing that travels between steps. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceOptions } from "@hale/core/node";
import { describe, expect, test } from "vitest";
import { needs, swiftShader } from "../../../core/src/node/needs-fixture.ts";
import { CHROMIUM, findChromium, withPage } from "../../../runtime/src/node/page-fixture.ts";
import type { StepLosses } from "./train-steps.ts";

const STEPS = 20;
/** On WebGPU, which is software here: a step takes some twenty times that of the CPU. */
const GPU_STEPS = 10;
const TOLERANCE = 1e-3;
const TIMEOUT_MS = 1_500_000;

const entry = fileURLToPath(new URL("./node-entry.ts", import.meta.url));

const stepsOn = (kind: string): number => (kind === "webgpu" ? GPU_STEPS : STEPS);

/** A process of its own: a crash in a GPU driver must not take the tests with it. */
async function inNode(kind: "cpu" | "webgpu", environment: Record<string, string> = {}): Promise<StepLosses> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...sourceOptions(), entry, kind, String(stepsOn(kind))],
    {
      env: { ...process.env, ...environment },
    },
  );
  return JSON.parse(stdout);
}

function inChromium(kind: "wasm" | "webgpu"): Promise<StepLosses> {
  return withPage(
    { entry: new URL("./browser-entry.ts", import.meta.url) },
    (page) => page.evaluate(`train("${kind}", ${stepsOn(kind)})`) as Promise<StepLosses>,
  );
}

/** The largest difference of any loss of any step, relative where losses are over 1. */
function largestDifference(actual: StepLosses, expected: StepLosses): number {
  let worst = 0;
  actual.losses.forEach((losses, step) => {
    expect(Object.keys(losses)).toEqual(Object.keys(expected.losses[step]));
    for (const [name, value] of Object.entries(expected.losses[step])) {
      worst = Math.max(worst, Math.abs(losses[name] - value) / Math.max(1, Math.abs(value)));
    }
  });
  return worst;
}

const gpu = needs(`SwiftShader (Debian's package chromium)`, swiftShader);
const browser = needs(`Chromium at ${CHROMIUM}`, findChromium);

describe(`${STEPS} training steps of SAGAN (${GPU_STEPS} on WebGPU) give the losses of Node's CPU, and a fit its scores`, async () => {
  const expected = await inNode("cpu");

  function agrees(device: string, actual: StepLosses, steps: number, locations: string[]): void {
    const difference = largestDifference(actual, expected);
    process.stdout.write(
      `${device}: largest difference ${difference.toExponential(1)}, ${actual.seconds.toFixed(0)} s\n`,
    );
    expect(actual.losses).toHaveLength(steps);
    expect(actual.fit).toHaveLength(3);
    for (const [i, score] of expected.fit.entries()) {
      expect(score).toBeGreaterThan(0);
      expect(Math.abs(actual.fit[i] - score) / score).toBeLessThan(TOLERANCE);
    }
    expect(difference).toBeLessThan(TOLERANCE);
    expect(actual.locations).toEqual(locations);
  }

  test.skipIf(!browser)("in Chromium's WebAssembly", { timeout: TIMEOUT_MS }, async () => {
    agrees("Chromium Wasm", await inChromium("wasm"), STEPS, ["cpu"]);
  });

  test.skipIf(!gpu)("on Node's WebGPU, where state stays on the device", { timeout: TIMEOUT_MS }, async () => {
    agrees("Node WebGPU", await inNode("webgpu", gpu!), GPU_STEPS, ["gpu-buffer"]);
  });

  test.skipIf(!browser || !gpu)(
    "on Chromium's WebGPU, where state stays on the device",
    { timeout: TIMEOUT_MS },
    async () => {
      agrees("Chromium WebGPU", await inChromium("webgpu"), GPU_STEPS, ["gpu-buffer"]);
    },
  );
});
