/** @file The command meets detectors that strangers made: refused in little memory, with nothing printed but the reason. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceOptions } from "@hale/core/node";
import { encodePng } from "@hale/imaging";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BOMBS, pixels } from "../../../packages/detector/src/format/bomb-fixture.ts";
import { forgeDetector, onnx } from "../../../packages/detector/src/test-support.ts";
import { expectRefused, runHale } from "./cli-fixture.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-stranger-"));
  await writeFile(
    join(root, "image.png"),
    await encodePng({ data: new Uint8Array(64), width: 8, height: 8, channels: 1, maxValue: 255 }),
  );
});
afterAll(() => rm(root, { recursive: true }));

/**
 * Calls one after the other in a process of its own: what it prints, and its resident memory before them and at most. What a
 * call has left is collected before the next, as each would begin in a process of its own.
 */
async function calls(all: readonly string[][]) {
  const program = JSON.stringify(new URL("./program.ts", import.meta.url).href);
  const code = `
    import { run } from ${program};
    await run(["score", "none.hale", "image.png"]);
    const before = process.resourceUsage().maxRSS;
    const codes = [];
    for (const args of ${JSON.stringify(all)}) {
      codes.push(await run(args));
      gc();
    }
    console.log(JSON.stringify({ codes, before, most: process.resourceUsage().maxRSS }));`;
  const child = spawn(process.execPath, [...sourceOptions(), "--expose-gc", "--input-type=module", "-e", code], {
    cwd: root,
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (text) => {
    said.out += text;
  });
  child.stderr.on("data", (text) => {
    said.err += text;
  });
  await new Promise((resolve) => child.on("close", resolve));
  return { ...said, ...(JSON.parse(said.out) as { codes: number[]; before: number; most: number }) };
}

test("detectors that ask for gigabytes or hours are refused in less than 512 MB, whatever is asked of them", async () => {
  const names = await Promise.all(
    Object.values(BOMBS).map(async ({ model }, i) => {
      await writeFile(join(root, `bomb${i}.hale`), await forgeDetector(model));
      return `bomb${i}.hale`;
    }),
  );
  const { codes, err, before, most } = await calls(
    names.flatMap((name) => [
      ["score", name, "image.png"],
      ["show", name],
    ]),
  );
  expect(codes).toEqual(names.flatMap(() => [1, 1]));
  const lines = err.trim().split("\n").slice(1);
  expect(lines).toHaveLength(2 * names.length);
  for (const line of lines) expect(line).toMatch(/^hale: bomb\d+\.hale (is not a sound detector|asks for more than)/);
  // Kilobytes: of the process with what it has loaded, and what the files added.
  expect(most).toBeLessThan(512 * 1024);
  expect(most - before).toBeLessThan(256 * 1024);
}, 60_000);

test("what ONNX Runtime says of a model is told without places in its source", async () => {
  // Sound to the guard; without outputs ONNX Runtime refuses it.
  await writeFile(join(root, "odd.hale"), await forgeDetector(onnx(pixels)));
  const result = await runHale(root, ["score", "odd.hale", "image.png"]);
  expectRefused(result, 1, /odd\.hale/);
  expect(result.err).not.toMatch(/onnxruntime_src|\.cc/);
  expect(result.err).not.toContain("\u001b");
}, 60_000);
