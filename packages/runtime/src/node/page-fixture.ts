/**
 * @file For tests: a headless Chromium with a page that holds a bundled script. Everything is served from this machine,
 * cross-origin isolated, so that WebAssembly has threads.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";

/** Debian's package `chromium`. */
export const CHROMIUM = "/usr/bin/chromium";

const RUNTIME = fileURLToPath(new URL("../../package.json", import.meta.url));

const TYPES: Record<string, string> = { mjs: "text/javascript", js: "text/javascript", wasm: "application/wasm" };
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** The browser's path, or null where it is not installed. */
export function findChromium(): string | null {
  return existsSync(CHROMIUM) ? CHROMIUM : null;
}

export interface PageOptions {
  /** The page's script, TypeScript; what it imports is bundled with it. */
  entry: URL;
  /** What else the page may fetch, by path such as "/images/0.png". */
  files?: ReadonlyMap<string, Uint8Array>;
}

/** A script for browsers, with all that it imports. */
export async function bundled(entry: URL, footer = "globalThis.pageReady = true;"): Promise<Uint8Array> {
  const bundle = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["hale-source"],
    // Emscripten's glue asks for these, and only in Node.
    external: ["fs", "path"],
    footer: { js: footer },
    write: false,
  });
  return bundle.outputFiles[0].contents;
}

/** Opens the page, calls `use`, closes everything. Errors of the page are thrown here. */
export async function withPage<T>({ entry, files }: PageOptions, use: (page: Page) => Promise<T>): Promise<T> {
  const script = await bundled(entry);
  // The package hides its files behind exports; its main entry lies in the folder that is served.
  const assets = dirname(createRequire(RUNTIME).resolve("onnxruntime-web"));
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { ...HEADERS, "Content-Type": type }).end(body);
    if (pathname === "/") return send("text/html", '<!doctype html><script type="module" src="/entry.js"></script>');
    if (pathname === "/entry.js") return send("text/javascript", script);
    const given = files?.get(pathname);
    const type = TYPES[pathname.split(".").at(-1)!] ?? "application/octet-stream";
    if (given) return send(type, given);
    try {
      return send(type, await readFile(join(assets, basename(pathname))));
    } catch {
      return response.writeHead(404, HEADERS).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
  });
  try {
    // A context that may have further pages.
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.pageReady === true");
    return await use(page);
  } finally {
    await browser.close();
    server.close();
  }
}
