/**
 * @file The page, into the package that people install: Vite's files, and beside them in `engine/` what its workers load by
 * address: ONNX Runtime's WebAssembly, the reader's worker and decoders, and the detector of the first visit.
 */
import { copyFile, mkdir, rename, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "vite";
import { makeExampleDetector } from "../../apps/studio/build/detector.ts";
import { studioConfig } from "../../apps/studio/vite.config.ts";
import { packageFolder, ROOT } from "./root.ts";

const STUDIO = join(ROOT, "apps", "studio");
const require = createRequire(join(packageFolder("runtime"), "package.json"));

/** Where the page is built to unless told otherwise. */
export const STUDIO_BUILD = join(packageFolder("hale"), "dist", "studio");

/**
 * Builds the page into `folder`; the reader's files (`buildPageReader`) must be there. Returns the files that it is made of, for
 * the notices of third parties.
 */
export async function buildStudio(folder = STUDIO_BUILD): Promise<string[]> {
  const modules = new Set<string>();
  const config = studioConfig((id) => modules.add(id.replace(/\?.*$/, "")));
  await build({ ...config, configFile: false, build: { ...config.build, outDir: folder, emptyOutDir: true } });
  const engine = join(folder, "engine");
  await mkdir(engine, { recursive: true });
  const runtime = dirname(require.resolve("onnxruntime-web"));
  const reader = join(packageFolder("imaging"), "dist", "web");
  const files = [
    ...["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"].map((name) => join(runtime, name)),
    ...["read-worker.js", "dcmjs-native-codecs.wasm", "libjpegturbowasm_decode.wasm"].map((name) => join(reader, name)),
    await exampleDetector(),
  ];
  for (const file of files) await copyFile(file, join(engine, file.split(/[\\/]/).at(-1)!));
  return [...modules, ...files];
}

/** The detector of the first visit; made once and kept, since fitting takes longer than all the rest. */
async function exampleDetector(): Promise<string> {
  const kept = join(STUDIO, "dist", "example.hale");
  const there = await stat(kept).catch(() => null);
  if (there) return kept;
  const made = join(STUDIO, "dist", "making", "example.hale");
  await makeExampleDetector(made);
  await rename(made, kept);
  return kept;
}
