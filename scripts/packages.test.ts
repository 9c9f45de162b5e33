/** @file What the packages' manifests promise: one version, what they need, what is published, and how they are compiled. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "@hale/core";
import { expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const json = (...path: string[]) => JSON.parse(readFileSync(join(root, ...path), "utf8"));
const names = readdirSync(join(root, "packages"));
const manifests = new Map<string, Manifest>(names.map((name) => [name, json("packages", name, "package.json")]));

interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  license: string;
  type: string;
  engines: Record<string, string>;
  sideEffects: boolean | string[];
  files: string[];
  exports: Record<string, string | Record<string, string>>;
  imports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const isTest = (file: string) => /\.test\.ts$|-fixture\.|test-support\.ts$|\/(devices|learning)\//.test(file);

/** Packages that the shipped sources of one import, by name. */
function imported(name: string): Set<string> {
  const found = new Set<string>();
  const folder = join(root, "packages", name, "src");
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || isTest(`/${file}`)) continue;
    const text = readFileSync(join(folder, file), "utf8");
    const code = text.replace(/^\s*(\/\*\*|\*).*$/gm, "");
    for (const match of code.matchAll(/(?:\bfrom|\bimport\(|\bimport)\s*"([@a-z][^"]*)"/g)) {
      const target = match[1];
      if (!target.startsWith("node:")) found.add(/^(@[^/]+\/[^/]+|[^/]+)/.exec(target)![1]);
    }
  }
  return found;
}

test("there is one version", () => {
  for (const place of ["", "apps/cli", "apps/server", ...names.map((name) => `packages/${name}`)]) {
    const { version, dependencies = {} } = json(place, "package.json") as Manifest;
    expect(version, place).toBe(VERSION);
    for (const [other, wanted] of Object.entries(dependencies)) {
      if (other.startsWith("@hale/")) expect(wanted, `${place} needs ${other}`).toBe(VERSION);
    }
  }
});

test.each(names)("%s is whole: published, with a page, a licence, and entries that sources have", (name) => {
  const manifest = manifests.get(name)!;
  expect(manifest).toMatchObject({ license: "Apache-2.0", type: "module", engines: { node: ">=20" } });
  expect(manifest.name).toBe(name === "hale" ? "hale" : `@hale/${name}`);
  expect(manifest.private).toBeUndefined();
  expect(manifest.sideEffects).toBeDefined();
  expect(manifest.files).toEqual(
    expect.arrayContaining(["dist", "src", "!**/*.test.ts", "!**/*-fixture.*", "!**/test-support.ts"]),
  );
  expect(readFileSync(join(root, "packages", name, "README.md"), "utf8")).toContain("\n```");
  expect(readFileSync(join(root, "packages", name, "LICENSE"), "utf8")).toBe(
    readFileSync(join(root, "LICENSE"), "utf8"),
  );
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    expect(Object.keys(target), entry).toEqual(["hale-source", "types", "default"]);
    const source = target["hale-source"];
    expect(existsSync(join(root, "packages", name, source)), `${name} ${entry}`).toBe(true);
    expect(target.default, entry).toBe(source.replace("./src/", "./dist/").replace(/\.ts$/, ".js"));
    expect(target.types, entry).toBe(source.replace("./src/", "./dist/").replace(/\.ts$/, ".d.ts"));
  }
});

test.each(names)("%s names what it imports, and nothing else", (name) => {
  const { name: own, dependencies = {}, peerDependencies = {}, peerDependenciesMeta } = manifests.get(name)!;
  const needed = [...imported(name)].filter((other) => other !== own).sort();
  const optional = Object.keys(peerDependencies);
  expect(needed.filter((other) => !optional.includes(other))).toEqual(Object.keys(dependencies).sort());
  for (const peer of optional) expect(peerDependenciesMeta?.[peer], peer).toEqual({ optional: true });
});

test.each(names)("%s is compiled after what it imports", (name) => {
  const own = Object.keys(manifests.get(name)!.dependencies ?? {})
    .filter((other) => other.startsWith("@hale/"))
    .map((other) => other.slice("@hale/".length))
    .sort();
  const hasNode = (other: string) => existsSync(join(root, "packages", other, "tsconfig.node.json"));
  const paths = (file: string) =>
    ((json("packages", name, file).references ?? []) as { path: string }[]).map(({ path }) => path).sort();
  expect(paths("tsconfig.json")).toEqual(own.map((other) => `../${other}`).sort());
  const all = own.flatMap((other) => [`../${other}`, ...(hasNode(other) ? [`../${other}/tsconfig.node.json`] : [])]);
  if (hasNode(name)) expect(paths("tsconfig.node.json")).toEqual([".", ...all].sort());
  const built = (json("tsconfig.build.json").references as { path: string }[]).map(({ path }) => path);
  expect(built).toContain(`packages/${name}`);
  if (hasNode(name)) expect(built).toContain(`packages/${name}/tsconfig.node.json`);
});

test("nothing that is installed leans on a loader of TypeScript", () => {
  for (const [name, { dependencies = {}, peerDependencies = {} }] of manifests) {
    expect(Object.keys({ ...dependencies, ...peerDependencies }), name).not.toContain("tsx");
  }
});
