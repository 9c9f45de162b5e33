/**
 * @file Serves the studio on this machine alone, with the headers that make it cross-origin isolated (so that WebAssembly has
 * threads) and keep it to itself. Only the page's own files are given out.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { HaleError } from "@hale/core";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** As the page's own (`apps/studio/build/policy.ts`), and it may not be framed, which only a header can say. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

export interface StudioServer {
  address: string;
  close(): Promise<void>;
}

/** Serves the page of `folder` at a port of the loopback address; 0 takes a free one. Throws FILE_NOT_FOUND without a page, OPTION_INVALID for a port in use. */
export async function serveStudio(folder: string, port: number): Promise<StudioServer> {
  if (!(await stat(join(folder, "index.html")).catch(() => null))) {
    throw new HaleError(
      "FILE_NOT_FOUND",
      "The studio's page is not there.",
      "In a clone, make it first: npm run studio.",
    );
  }
  const server = createServer(async (request, response) => {
    const refuse = (status: number) => response.writeHead(status, HEADERS).end();
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405);
    // A page of elsewhere can make a browser ask by a name of its own for this address.
    if (!isLocal(request.headers.host)) return refuse(421);
    const file = fileOf(folder, request.url ?? "/");
    const info = file === null ? null : await stat(file).catch(() => null);
    if (file === null || !info?.isFile()) return refuse(404);
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...HEADERS, "Content-Type": type, "Content-Length": info.size });
    if (request.method === "HEAD") return response.end();
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
  });
  await listening(server, port);
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const isLocal = (host: string | undefined) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? "");

/** The file that an address asks for; null for one that leads out of the folder, or is none. */
function fileOf(folder: string, address: string): string | null {
  try {
    const path = decodeURIComponent(new URL(address, "http://127.0.0.1").pathname);
    if (path.includes("\0")) return null;
    const file = normalize(join(folder, path.endsWith("/") ? `${path}index.html` : path));
    return file.startsWith(normalize(folder + sep)) ? file : null;
  } catch {
    return null;
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const fault = `Port ${port} cannot be used: ${cause.code ?? cause.message}.`;
      reject(
        new HaleError("OPTION_INVALID", fault, "Give another one, or 0 for a free one.", { cause, setting: "port" }),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
