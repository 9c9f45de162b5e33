/** @file Work that goes beyond its limits ends the process, also while the main thread hears nothing. */
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { sourceOptions } from "./thread.ts";

const words = `{ slow: { out: '{"slow":1}\\n', err: "too slow\\n" }, memory: { out: "", err: "too much\\n" } }`;

/** Runs `work` watched, in a process of its own. */
function ended(work: string, milliseconds: number, memoryBytes: number) {
  const code = `
    import { watched } from ${JSON.stringify(new URL("./watch.ts", import.meta.url).href)};
    const result = await watched(async () => { ${work} }, { milliseconds: ${milliseconds}, memoryBytes: ${memoryBytes} }, ${words});
    console.log(result);`;
  const child = spawn(process.execPath, [...sourceOptions(), "--input-type=module", "-e", code]);
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => {
    said.out += text;
  });
  child.stderr.on("data", (text) => {
    said.err += text;
  });
  return new Promise<typeof said & { code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ ...said, code, signal })),
  );
}

test.each([
  ["that never returns", "for (;;);", 300, 2 ** 40, '{"slow":1}\n', "too slow\n"],
  [
    "that sleeps in native code",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    300,
    2 ** 40,
    '{"slow":1}\n',
    "too slow\n",
  ],
  [
    "that takes memory",
    "const kept = []; for (;;) kept.push(new Uint8Array(2 ** 24).fill(1));",
    60_000,
    2 ** 28,
    "",
    "too much\n",
  ],
])("work %s ends the process with its last words", async (_, work, milliseconds, memoryBytes, out, err) => {
  expect(await ended(work, milliseconds, memoryBytes)).toEqual({ out, err, code: null, signal: "SIGKILL" });
});

test("work within its limits is not disturbed, nor is what comes after it", async () => {
  const later = "setTimeout(() => console.log('later'), 700); return 7;";
  expect(await ended(later, 500, 2 ** 40)).toEqual({ out: "7\nlater\n", err: "", code: 0, signal: null });
});
