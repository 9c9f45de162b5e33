/**
 * @file What pages load for reading files: the worker as one script without imports, which any bundler or none serves as it
 * is, and the decoders' WebAssembly beside it. The decoder of JPEG becomes a module of its own that asks nothing of Node.
 */
import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { writeNotices } from "./notices.ts";
import { packageFolder, ROOT } from "./root.ts";

const imaging = packageFolder("imaging");
const require = createRequire(join(imaging, "package.json"));
const CODEC = "@cornerstonejs/codec-libjpeg-turbo-8bit";

/** The JavaScript of the JPEG decoder, as its package has it. */
export const JPEG_DECODER = require.resolve(`${CODEC}/decodewasmjs`);

/** The decoder is always given its bytes, and looks for files only where there is a `process`. */
const NO_NODE = { process: "undefined", __filename: "undefined", __dirname: "undefined" };
const NO_FILES: Plugin = {
  name: "no files",
  setup(builder) {
    builder.onResolve({ filter: /^(fs|path)$/ }, ({ path }) => ({ path, namespace: "none" }));
    builder.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export {};" }));
  },
};

export async function buildPageReader(): Promise<void> {
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  } as const;
  const decoder = await build({
    ...common,
    entryPoints: [JPEG_DECODER],
    outfile: join(imaging, "dist", "formats", "jpeg", "jpeg-codec.js"),
    define: NO_NODE,
    plugins: [NO_FILES],
  });
  const worker = await build({
    ...common,
    entryPoints: [join(imaging, "src", "web", "read-worker.ts")],
    outfile: join(imaging, "dist", "web", "read-worker.js"),
    // The sources, so that it can be made before anything is compiled.
    conditions: ["hale-source"],
    define: NO_NODE,
    plugins: [NO_FILES],
    // It exports nothing, and is a module all the same: checkers of packages look for a sign.
    footer: { js: "export {};" },
    sourcemap: true,
  });
  const files = [
    require.resolve(`${CODEC}/decodewasm`),
    require.resolve("dcmjs-codecs/build/dcmjs-native-codecs.wasm"),
  ];
  for (const file of files) await copyFile(file, join(imaging, "dist", "web", file.split(/[\\/]/).at(-1)!));
  await writeNotices("imaging", [
    ...Object.keys(decoder.metafile.inputs),
    ...Object.keys(worker.metafile.inputs),
    ...files,
  ]);
}
