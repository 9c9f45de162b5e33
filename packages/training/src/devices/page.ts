/**
 * @file A headless Chromium with a page that holds the bundled `browser-entry.ts`. Everything is served from this
 * machine, cross-origin isolated, so that WebAssembly has threads.
 */
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

const ENTRY = fileURLToPath(new URL("./browser-entry.ts", import.meta.url));
const RUNTIME = fileURLToPath(new URL("../../../runtime/package.json", import.meta.url));

const TYPES: Record<string, string> = { mjs: "text/javascript", js: "text/javascript", wasm: "application/wasm" };
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Opens the page, calls `use`, closes everything. Errors of the page are thrown here. */
export async function withPage<T>(use: (page: Page) => Promise<T>): Promise<T> {
  const bundle = await build({
    entryPoints: [ENTRY],
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["hale-source"],
    write: false,
  });
  // The package hides its files behind exports; its main entry lies in the folder that is served.
  const assets = dirname(createRequire(RUNTIME).resolve("onnxruntime-web"));
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { ...HEADERS, "Content-Type": type }).end(body);
    if (pathname === "/") return send("text/html", '<!doctype html><script type="module" src="/entry.js"></script>');
    if (pathname === "/entry.js") return send("text/javascript", bundle.outputFiles[0].contents);
    try {
      const type = TYPES[pathname.split(".").at(-1)!] ?? "application/octet-stream";
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
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("typeof train === 'function'");
    return await use(page);
  } finally {
    await browser.close();
    server.close();
  }
}
