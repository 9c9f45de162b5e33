/** @file Every op on WebGPU against its float64 reference, value and gradient, on a GPU in software. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceOptions } from "@hale/core/node";
import { expect, test } from "vitest";
import { needs, swiftShader } from "../../../core/src/node/needs-fixture.ts";
import { opCases } from "../ops/op-fixture.ts";
import type { OpResult } from "./webgpu-ops-entry.ts";

const TOLERANCE = 1e-4;
const entry = fileURLToPath(new URL("./webgpu-ops-entry.ts", import.meta.url));
const gpu = needs("SwiftShader (Debian's package chromium)", swiftShader);

test.skipIf(!gpu)(
  "every op agrees on WebGPU with its float64 reference, value and gradient",
  { timeout: 600_000 },
  async () => {
    // A process of its own: a crash in a GPU driver must not take the tests with it.
    const { stdout } = await promisify(execFile)(process.execPath, [...sourceOptions(), entry], {
      env: { ...process.env, ...gpu },
    });
    const results: OpResult[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const wrong = results.filter(
      ({ errors }) => !errors || Object.values(errors).some((error) => !(error < TOLERANCE)),
    );
    expect(wrong).toEqual([]);
    expect(results.map(({ name }) => name)).toEqual(expect.arrayContaining(opCases.map(({ name }) => name)));
  },
);
