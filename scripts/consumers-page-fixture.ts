/** @file A built page, served from this machine alone, in Chromium: what it said, and what it asked for. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Debian's package `chromium`. */
export const CHROMIUM = "/usr/bin/chromium";

const TYPES: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

export interface Visit {
  /** Lines of the console; faults of the page among them. */
  said: string[];
  /** Addresses asked for elsewhere than at this server. */
  elsewhere: string[];
  missing: string[];
}

/** Opens `site`, gives `file` to the page's input, and waits for a line of the console. */
export async function visit(site: string, file: string): Promise<Visit> {
  const seen: Visit = { said: [], elsewhere: [], missing: [] };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname === "/favicon.ico") return response.writeHead(204).end();
    try {
      const body = await readFile(join(site, pathname === "/" ? "index.html" : decodeURIComponent(pathname)));
      const type = TYPES[pathname === "/" ? "html" : pathname.split(".").at(-1)!] ?? "application/octet-stream";
      // No eval, nothing from elsewhere; only compiling WebAssembly is allowed, and workers of blobs, as ONNX Runtime starts its.
      const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";
      response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy }).end(body);
    } catch {
      seen.missing.push(pathname);
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000);
    page.on("pageerror", (error) => seen.said.push(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) seen.elsewhere.push(url);
    });
    const line = page.waitForEvent("console");
    page.on("console", (message) => seen.said.push(message.text()));
    await page.goto(`${origin}/`);
    await page.setInputFiles("#input", file);
    await line;
    return seen;
  } finally {
    await browser.close();
    server.close();
  }
}

/** The page's document; `input` is a global by its id. */
export const DOCUMENT =
  '<!doctype html><meta charset="utf-8"><title>hale</title><input id="input" type="file"><script type="module" src="/page.js"></script>';

/** An example of the README as a page's script, which waits for a file first. */
export const pageScript = (example: string) =>
  `${example.replace(/^(import [^\n]*\n)+/, (imports) => `${imports}\nawait new Promise((done) => { input.onchange = done; });\n`)}`;
