/**
 * @file Packs everything that is published into a folder, with a bill of materials (CycloneDX) and the notices of third
 * parties, and says what would be published. `npm run release -- --dry-run --out DIR`
 */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageFolder, ROOT } from "./build/root.ts";

/** Packages whose code is copied into ours by the build, though they are needed only for development. */
const COPIED = ["@cornerstonejs/codec-libjpeg-turbo-8bit", "dcmjs-codecs"];

interface Packed {
  name: string;
  version: string;
  filename: string;
  size: number;
  files: { path: string }[];
}

interface Component {
  purl: string;
  properties?: { name: string; value: string }[];
}

const { values } = parseArgs({ options: { "dry-run": { type: "boolean" }, out: { type: "string" } } });
if (!values["dry-run"] || values.out === undefined) {
  console.error("Usage: npm run release -- --dry-run --out <folder>");
  console.error("Nothing is published by this command: the name hale on npm is not ours.");
  process.exit(2);
}
await release(resolve(values.out));

async function release(out: string): Promise<void> {
  const names = (await readdir(packageFolder("."))).sort();
  // What was compiled before from files that are gone would be packed as well.
  for (const name of names) await rm(join(packageFolder(name), "dist"), { recursive: true, force: true });
  const built = spawnSync(process.execPath, [...process.execArgv, join(ROOT, "scripts", "build.ts")], {
    stdio: ["ignore", 2, 2],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);

  await mkdir(out, { recursive: true });
  const workspaces = names.map((name) => `--workspace=packages/${name}`);
  const packed: Packed[] = JSON.parse(npm("pack", "--json", `--pack-destination=${out}`, ...workspaces));
  await writeFile(join(out, "sbom.cdx.json"), `${JSON.stringify(await billOfMaterials(), null, 2)}\n`);
  for (const name of ["hale", "imaging"]) {
    await copyFile(join(packageFolder(name), "THIRD-PARTY-NOTICES.md"), join(out, `THIRD-PARTY-NOTICES.${name}.md`));
  }
  console.log("Would be published:");
  for (const { name, version, filename, size, files } of packed) {
    const kilobytes = `${Math.ceil(size / 1000)} kB`.padStart(8);
    console.log(
      `  ${`${name}@${version}`.padEnd(24)} ${kilobytes} ${`${files.length} files`.padStart(10)}  ${filename}`,
    );
  }
  console.log(`Beside them in ${out}: sbom.cdx.json, THIRD-PARTY-NOTICES.hale.md, THIRD-PARTY-NOTICES.imaging.md`);
}

/** Of all that is installed with the packages or copied into them. */
async function billOfMaterials(): Promise<unknown> {
  const bill = JSON.parse(npm("sbom", "--sbom-format=cyclonedx", "--sbom-type=library", "--package-lock-only"));
  // The name of a workspace is that of its folder there.
  const nameOf = ({ purl }: Component) => decodeURIComponent(/^pkg:npm\/(.+)@[^@]+$/.exec(purl)?.[1] ?? "");
  const isForDevelopment = ({ properties = [] }: Component) =>
    properties.some(({ name, value }) => name === "cdx:npm:package:development" && value === "true");
  const kept = (bill.components as (Component & { "bom-ref": string })[]).filter(
    (component) => !isForDevelopment(component) || COPIED.includes(nameOf(component)),
  );
  const refs = new Set([bill.metadata.component["bom-ref"], ...kept.map((component) => component["bom-ref"])]);
  const dependencies = (bill.dependencies as { ref: string; dependsOn: string[] }[])
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  const { version } = JSON.parse(await readFile(join(packageFolder("hale"), "package.json"), "utf8"));
  bill.metadata.component.version = version;
  return { ...bill, components: kept, dependencies };
}

function npm(...args: string[]): string {
  const command = process.platform === "win32" ? "npm.cmd" : "npm";
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 28, shell: process.platform === "win32" } as const;
  // npm's own settings of the call that started us are not for this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)));
  return execFileSync(command, args, { ...options, env, stdio: ["ignore", "pipe", 2] });
}
