/** @file The studio's server: its own files with strict headers, to this machine alone, and nothing beside them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveStudio } from "./studio-server.ts";

let root = "";
let server: Awaited<ReturnType<typeof serveStudio>>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-server-"));
  await mkdir(join(root, "page", "engine"), { recursive: true });
  await writeFile(join(root, "page", "index.html"), "<!doctype html>");
  await writeFile(join(root, "page", "engine", "a.wasm"), "wasm");
  await writeFile(join(root, "secret.txt"), "secret");
  server = await serveStudio(join(root, "page"), 0);
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

/** Without the tidying of paths that `fetch` does. */
function get(path: string, options: { method?: string; host?: string } = {}) {
  const { hostname, port } = new URL(server.address);
  const headers = options.host ? { host: options.host } : {};
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    request({ hostname, port, path, method: options.method ?? "GET", headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode!, headers: response.headers });
    })
      .on("error", reject)
      .end();
  });
}

test("gives the page with isolation and a strict policy", async () => {
  const { status, headers } = await get("/");
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "content-security-policy": expect.stringMatching(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/),
  });
  expect((await get("/engine/a.wasm")).headers["content-type"]).toBe("application/wasm");
});

test("gives nothing from outside its folder, to no other name, and by no other method", async () => {
  for (const path of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/engine/%2e%2e%2f%2e%2e%2fsecret.txt",
    "/%00",
    "/engine",
    "/no",
  ])
    expect((await get(path)).status, path).toBe(404);
  expect((await get("/", { host: "evil.example" })).status).toBe(421);
  expect((await get("/", { method: "POST" })).status).toBe(405);
});

test("says what to do about a port in use and a page that is not there", async () => {
  const port = Number(new URL(server.address).port);
  await expect(serveStudio(join(root, "page"), port)).rejects.toMatchObject({
    code: "OPTION_INVALID",
    setting: "port",
  });
  await expect(serveStudio(join(root, "none"), 0)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});
