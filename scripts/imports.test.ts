/** @file The rules that a compiler does not keep: which package may import which, and what browsers must not see. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Packages from the ground up: each may import those that its row names, and `core`. */
const allowed: Record<string, string[]> = {
  "packages/core": [],
  "packages/runtime": [],
  "packages/autodiff": ["runtime"],
  "packages/statistics": [],
  "packages/imaging": [],
  "packages/detector": ["imaging", "runtime", "statistics"],
  "packages/data": ["imaging", "statistics", "detector"],
  "packages/methods": ["autodiff", "imaging", "statistics", "detector"],
  "packages/training": ["autodiff", "imaging", "detector", "statistics", "runtime", "data", "methods"],
  "packages/evaluation": ["autodiff", "imaging", "detector", "statistics", "runtime", "data", "methods", "training"],
  "packages/scoring": ["imaging", "detector", "runtime", "data"],
  fuzz: ["imaging", "detector"],
  "apps/server": ["detector", "runtime", "data", "scoring"],
  "apps/cli": [
    ...["runtime", "autodiff", "statistics", "imaging", "detector", "data", "methods", "training", "evaluation"],
    "scoring",
    "server",
  ],
  "apps/studio": ["runtime", "statistics", "imaging", "detector", "data", "methods", "training", "scoring"],
  bench: [
    "runtime",
    "autodiff",
    "statistics",
    "imaging",
    "detector",
    "data",
    "methods",
    "training",
    "evaluation",
    "cli",
  ],
};
/** Folders inside a package whose imports point one way: each may import those before it. */
const layers: Record<string, string[]> = {
  "packages/autodiff/src": ["lowering", "ops", "nn", "optim"],
  "packages/imaging/src": ["raster", "volumes", "formats", "reader", "node"],
  "packages/data/src": ["import", "phantoms", "node"],
  "packages/methods/src/hq-anogan": ["stylegan2", "ada", "psp"],
};

const nameOf = (place: string) => place.split("/").at(-1)!;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !/node_modules|(^|\/)dist\//.test(file))
    .map((file) => join(folder, file));
}

/** What a file imports, for types alone and when it is needed too. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^;"']*?from\s*"([^"]+)"|(?:\bimport\(\s*|\bimport\s)"([^"]+)"/g,
  );
  return [...found].map((match) => match[1] ?? match[2]);
}

/** Measuring and fuzzing are not shipped: they may use the test support of packages. */
const notShipped = ["bench", "fuzz"];
const isTest = (file: string) => /\.test\.ts$|-fixture\.ts$|test-support\.ts$|\/devices\//.test(file);
const isFixture = (file: string) => /-fixture\.ts$|test-support\.ts$/.test(file);

test.each(Object.entries(allowed))("%s imports only %j and core", (place, packages) => {
  for (const file of sources(place)) {
    for (const target of importsOf(file)) {
      const ours = /^@hale\/([a-z]+)/.exec(target)?.[1];
      const own = place.startsWith("packages/") && ours === nameOf(place);
      // Tests may use the runtime's devices, and look into other packages; nothing else reaches past its row.
      if (ours && !own && !isTest(file)) expect(["core", ...packages], file).toContain(ours);
      if (!target.startsWith(".") || isTest(file)) continue;
      const path = join(dirname(file), target);
      if (notShipped.includes(place) && isFixture(path)) continue;
      expect(relative(place, path), `${file} leaves its package`).not.toMatch(/^\.\./);
      expect(isFixture(path), `${file} imports test support`).toBe(false);
    }
  }
});

test.each(Object.entries(layers))("in %s imports point one way", (folder, order) => {
  for (const [at, name] of order.entries()) {
    for (const file of sources(join(folder, name)).filter((file) => !isTest(file))) {
      for (const target of importsOf(file).filter((target) => target.startsWith("."))) {
        const [other] = relative(folder, join(dirname(file), target)).split("/");
        if (order.includes(other)) expect(order.slice(0, at + 1), `${file} imports ${target}`).toContain(other);
      }
    }
  }
});

test("a format of images knows no other", () => {
  const folder = "packages/imaging/src/formats";
  for (const file of sources(folder).filter((file) => !isTest(file) && file.split("/").length > 5)) {
    const [own] = relative(folder, file).split("/");
    for (const target of importsOf(file).filter((target) => target.startsWith("."))) {
      const [other, ...inside] = relative(folder, join(dirname(file), target)).split("/");
      if (other !== ".." && inside.length > 0) expect(other, `${file} imports ${target}`).toBe(own);
    }
  }
});

test("browser-safe code never imports node:", () => {
  for (const file of sources("packages")) {
    if (/\/node\//.test(file) || isTest(file)) continue;
    const isNode = (target: string) =>
      target.startsWith(".") ? /\/node\//.test(join(dirname(file), target)) : /^node:|^@hale\/\w+\/node$/.test(target);
    expect(importsOf(file).filter(isNode), file).toEqual([]);
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

test("no circles: between packages, nor between files, imports of types included", () => {
  const graph = new Map<string, string[]>();
  for (const [place] of Object.entries(allowed)) {
    for (const file of sources(place)) {
      const own = importsOf(file).filter((target) => target.startsWith("."));
      graph.set(
        file,
        own.map((target) => join(dirname(file), target)),
      );
    }
  }
  for (const [place, packages] of Object.entries(allowed)) graph.set(nameOf(place), packages);
  const done = new Set<string>();
  const visit = (name: string, path: string[]) => {
    expect(path, `circle ${[...path, name].join(" -> ")}`).not.toContain(name);
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
});

test("what is shipped makes folders by makeFolder: mkdir with recursive does not return on every file system", () => {
  const shipped = ["packages", "apps/cli/src", "apps/server/src"]
    .flatMap(sources)
    .filter((file) => !/\.test\.ts$|-fixture\.ts$|test-support\.ts$/.test(file));
  expect(shipped.length).toBeGreaterThan(300);
  expect(shipped.filter((file) => /mkdir(Sync)?\([^;]*recursive/.test(readFileSync(join(root, file), "utf8")))).toEqual(
    [],
  );
});
