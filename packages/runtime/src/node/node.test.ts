/** @file Devices in Node. What is said where no ONNX Runtime is installed is tested on installed packages as well. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { conv2d, input, lower } from "@hale/autodiff";
import { sourceOptions } from "@hale/core/node";
import { expect, test } from "vitest";
import { ifInstalled } from "../installed.ts";
import { openDevice } from "./index.ts";

test("WebAssembly in Node, on two threads, answers as native code does", async () => {
  const x = input("x", [1, 1, 8, 8]);
  const kernel = input("kernel", [2, 1, 3, 3]);
  const { bytes } = lower("check", { y: conv2d(x, kernel, { pad: 1 }) }, { target: "cpu" });
  const answers: Float32Array[] = [];
  for (const kind of ["cpu", "wasm"] as const) {
    const device = await openDevice({ kind, threads: 2 });
    expect(device).toMatchObject({ kind, threads: 2, host: "node", version: expect.stringMatching(/^\d+\.\d+/) });
    expect(device.processor).toBe(kind === "cpu" ? cpus()[0].model : undefined);
    const session = await device.createSession(bytes);
    const { y } = await session.run({
      x: device.tensor(
        Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
        [1, 1, 8, 8],
      ),
      kernel: device.tensor(
        Float32Array.from({ length: 18 }, (_, i) => Math.cos(i)),
        [2, 1, 3, 3],
      ),
    });
    answers.push(y.data as Float32Array);
    await session.release();
  }
  const [native, wasm] = answers;
  expect(native).toHaveLength(128);
  expect(Math.max(...native)).toBeGreaterThan(1);
  native.forEach((value, i) => {
    expect(wasm[i]).toBeCloseTo(value, 5);
  });
});

test("ONNX Runtime starts with a command line of any length: it is not read", () => {
  const entry = fileURLToPath(new URL("./index.ts", import.meta.url));
  const { bytes } = lower(
    "check",
    { y: conv2d(input("x", [1, 1, 8, 8]), input("k", [1, 1, 3, 3]), {}) },
    { target: "cpu" },
  );
  // On one line: the pattern that overflows the stack ends at the first.
  const code = [
    `import { openDevice } from ${JSON.stringify(entry)};`,
    "const device = await openDevice({ threads: 1 });",
    `await device.createSession(Uint8Array.from(${JSON.stringify([...bytes])}));`,
    'console.log("opened");',
  ].join(" ");
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const args = [...sourceOptions(), "--input-type=module", "--eval", code, "--", "x".repeat(60_000)];
  const { status, signal, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  expect([status, signal, stdout.trim()]).toEqual([0, null, "opened"]);
});

test("only a package that is not there counts as not installed, not one that is broken", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hale-installed-"));
  try {
    const broken = join(folder, "node_modules", "broken");
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, "package.json"), '{"name":"broken","type":"module","exports":"./index.js"}');
    await writeFile(join(broken, "index.js"), 'import "absent-from-npm";');
    const script = join(folder, "script.mjs");
    await writeFile(script, "export const load = (name) => import(name);");
    // Out of Vitest's own resolution of modules.
    const { load } = (await import(/* @vite-ignore */ pathToFileURL(script).href)) as {
      load(name: string): Promise<unknown>;
    };
    expect(await ifInstalled("absent-from-npm", () => load("absent-from-npm"))).toBeNull();
    await expect(ifInstalled("broken", () => load("broken"))).rejects.toThrow(/absent-from-npm/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
