/** @file What the command loads only when it is asked for. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { COMMANDS } from "./program.ts";

/** Modules of ours and packages that are loaded with a file, without what is imported when needed. */
async function loadedWith(file: string): Promise<{ inputs: string[]; packages: string[] }> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: ["hale-source"],
    outdir: "unwritten",
    write: false,
    metafile: true,
    logLevel: "silent",
    plugins: [
      {
        name: "packages stay outside",
        setup: (builder) =>
          builder.onResolve({ filter: /^[^.]/ }, ({ path, kind }) =>
            path.startsWith("@hale/") || kind === "entry-point" ? undefined : { path, external: true },
          ),
      },
    ],
  });
  const inputs: string[] = [];
  const packages: string[] = [];
  const outputs = metafile.outputs;
  const queue = Object.keys(outputs).filter((path) => outputs[path].entryPoint?.endsWith(file.replace(/^[./]+/, "")));
  const seen = new Set(queue);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    inputs.push(...Object.keys(outputs[path].inputs));
    for (const { path: next, kind, external } of outputs[path].imports) {
      if (kind === "dynamic-import") continue;
      if (external) packages.push(next);
      else if (!seen.has(next)) queue.push(seen.add(next) && next);
    }
  }
  return { inputs, packages };
}

const READING = "../../../packages/imaging/src/node/read-worker.ts";

test.each([
  ["the command that scores", "./commands/score.ts", "dicom/series.ts"],
  ["the thread that reads files", READING, "reader/registry.ts"],
])("%s loads the writer of DICOM objects only when it is asked for", async (_, file, module) => {
  const { inputs, packages } = await loadedWith(file);
  expect(inputs.some((path) => path.endsWith(module))).toBe(true);
  expect(inputs.filter((path) => path.includes("dicom/objects/"))).toEqual([]);
  expect(packages).not.toContain("dcmjs");
});

test("the thread that reads files loads what decodes a format with its first file", async () => {
  const { inputs, packages } = await loadedWith(READING);
  expect(inputs.filter((path) => /formats\/\w+\/(read|decode)\.ts$/.test(path))).toEqual([]);
  expect(inputs.filter((path) => /formats\/\w+\/reader\.ts$/.test(path)).length).toBeGreaterThan(5);
  expect(packages.filter((name) => !name.startsWith("node:"))).toEqual([]);
});

test("the command itself loads nothing but the parser of its arguments", async () => {
  const { inputs, packages } = await loadedWith("./main.ts");
  expect(packages.filter((name) => !name.startsWith("node:"))).toEqual(["commander"]);
  expect(inputs.filter((path) => !/(^|\/)(apps\/cli|packages\/core)\/src\//.test(path))).toEqual([]);
  expect(inputs.filter((path) => path.includes("/commands/"))).toEqual([]);
});

test("the list of commands says of each what it says of itself", async () => {
  for (const { name, summary, load } of COMMANDS) {
    const command = await load();
    expect([command.name(), command.description()]).toEqual([name, summary]);
  }
});
