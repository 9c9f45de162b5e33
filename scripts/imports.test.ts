/** @file The house rules that a compiler does not keep: which room may import which, and what browsers must not see. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Rooms from the ground up: each may import those that its row names, and `errors`. */
const allowed: Record<string, string[]> = {
  "packages/errors": [],
  "packages/runtime": [],
  "packages/autodiff": ["runtime"],
  "packages/statistics": [],
  "packages/imaging": [],
  "packages/detector": ["imaging", "runtime", "statistics"],
  "packages/training": ["autodiff", "imaging", "detector", "statistics", "runtime"],
  fuzz: ["imaging", "detector"],
  "apps/cli": ["training", "detector", "imaging", "runtime", "statistics", "autodiff"],
};

const nameOf = (room: string) => room.split("/").at(-1)!;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
    .map((file) => join(folder, file));
}

const importsOf = (file: string) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1]);

test.each(Object.entries(allowed))("%s imports only %j and errors", (room, rooms) => {
  for (const file of sources(room)) {
    const isTest = /\.test\.ts$|fixture|\/devices\//.test(file);
    for (const target of importsOf(file)) {
      const ours = /^@hale\/([a-z]+)/.exec(target)?.[1];
      // Tests may use the runtime's devices; nothing else reaches down past its row.
      const own = `@hale/${nameOf(room)}`;
      if (ours && !target.startsWith(own) && !(isTest && ours === "runtime"))
        expect(["errors", ...rooms], file).toContain(ours);
      if (target.startsWith("."))
        expect(relative(room, join(dirname(file), target)), `${file} leaves its room`).not.toMatch(/^\.\./);
    }
  }
});

test("browser-safe code never imports node:", () => {
  for (const file of sources("packages")) {
    if (/\/node\/|\.test\.ts$|\/devices\//.test(file)) continue;
    expect(
      importsOf(file).filter((target) => target.startsWith("node:") || /^@hale\/\w+\/node$/.test(target)),
      file,
    ).toEqual([]);
  }
});

test("nothing imports ONNX Runtime but the runtime's own package", () => {
  for (const file of sources("packages").concat(sources("apps"))) {
    if (file.startsWith("packages/runtime/")) continue;
    expect(
      importsOf(file).filter((target) => target.startsWith("onnxruntime")),
      file,
    ).toEqual([]);
  }
});

test("no package imports itself in a circle", () => {
  const graph = new Map(Object.entries(allowed).map(([room, rooms]) => [nameOf(room), rooms]));
  const visit = (name: string, path: string[]) => {
    expect(path, `circle ${[...path, name].join(" -> ")}`).not.toContain(name);
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
  };
  for (const name of graph.keys()) visit(name, []);
});
