/** @file The page as files that any server can host from any path. The engine's own files are put beside it by `scripts/build/studio.ts`. */
import { defaultClientConditions, type Plugin, type UserConfig } from "vite";
import { POLICY } from "./build/policy.ts";

/** The policy goes with the page, whoever hosts it; while developing, Vite's own scripts need more. */
const policy: Plugin = {
  name: "policy",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
    ],
  },
};

/** The page says where the reader's worker and decoders are; a bundler must not find and copy them once more. */
const ownAssets: Plugin = {
  name: "own assets",
  enforce: "pre",
  transform(code, id) {
    if (!/imaging\/(src|dist)\/web\/guarded\.[jt]s/.test(id)) return null;
    return code.replace(/new URL\(("\.\/[^"]+"), import\.meta\.url\)/g, "new URL($1, globalThis.location.href)");
  },
};

/** Code that only Node calls. */
const nodeOnly: Plugin = {
  name: "node only",
  enforce: "pre",
  resolveId: (id) => (/^(fs|path|crypto|node:.*)$/.test(id) ? "\0node-only" : null),
  load: (id) => (id === "\0node-only" ? "export default {};" : null),
};

/** `onModule` is told the file of each module that becomes part of the page, for the notices of third parties. */
export function studioConfig(onModule: (id: string) => void = () => {}): UserConfig {
  const told: Plugin = { name: "told", moduleParsed: ({ id }) => onModule(id) };
  return {
    root: import.meta.dirname,
    base: "./",
    resolve: { conditions: ["hale-source", "onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
    plugins: [policy, ownAssets, nodeOnly, told],
    worker: { format: "es", plugins: () => [ownAssets, nodeOnly, told] },
    build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 4000 },
    logLevel: "error",
  };
}

export default studioConfig();
