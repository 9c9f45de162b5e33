/** @file Jobs from acceptance to delivery, and the guide's examples. */
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needs } from "../../../packages/core/src/node/needs-fixture.ts";
import { fileOf, formOf, makePlace, type Place, serveAt } from "./server-fixture.ts";

let place: Place;
let server: Awaited<ReturnType<typeof serveAt>>;
beforeAll(async () => {
  place = await makePlace();
  server = await serveAt(place);
});
afterAll(async () => {
  await server.stop();
  await place.remove();
});

const image = async (i: number, name = `${i}.png`) => fileOf(await place.read(place.images[i]), name);
const send = (path: string, form: FormData, url = server.url) => fetch(url + path, { method: "POST", body: form });
const ask = async (path: string, method = "GET", url = server.url) => {
  const response = await fetch(url + path, { method });
  const text = await response.text();
  return { status: response.status, json: text && !text.startsWith("event") ? JSON.parse(text) : null, text };
};
test("a job is accepted, tells how far it is, and gives its results once", async () => {
  const accepted = await send("/v1/jobs?include=map", formOf(await image(0), await image(1), await image(2)));
  expect(accepted.status).toBe(202);
  const job = await accepted.json();
  expect(accepted.headers.get("location")).toBe(`/v1/jobs/${job.id}`);
  expect(job).toMatchObject({ detector: "detector", files: 3 });
  const { text } = await ask(job.links.events);
  const events = text
    .trim()
    .split("\n\n")
    .map((event) => event.split("\n"));
  expect(events.at(-1)![0]).toBe("event: end");
  expect(JSON.parse(events.at(-1)![1].slice(6))).toMatchObject({ state: "done", done: 3, total: 3 });
  const folder = join(server.spool, "jobs", job.id);
  expect((await readdir(folder)).sort()).toEqual(["job.json", "out"]);
  const { status, json } = await ask(job.links.results);
  expect(status).toBe(200);
  expect(json.results.map(({ file }: { file: string }) => file)).toEqual(["0.png", "1.png", "2.png"]);
  expect(json.files).toHaveLength(3);
  const direct = await (await send("/v1/score", formOf(await image(1)))).json();
  expect(json.results[1].score).toBe(direct.score);
  await expect.poll(() => readdir(join(server.spool, "jobs"))).toEqual([]);
  expect([(await ask(job.links.results)).status, (await ask(job.links.self)).status]).toEqual([410, 410]);
});

test("a job that was deleted is erased, and one that never was is not there", async () => {
  const { id, links } = await (await send("/v1/jobs", formOf(await image(0)))).json();
  expect((await ask(links.self, "DELETE")).status).toBe(204);
  expect((await ask(links.self)).json.error.code).toBe("GONE");
  expect(await readdir(join(server.spool, "jobs"))).not.toContain(id);
  expect((await ask(`/v1/jobs/${"0".repeat(32)}`)).status).toBe(404);
  expect((await ask("/v1/jobs/..%2f..%2fetc")).status).toBe(400);
});

test("the guide's examples run as they stand", async () => {
  const curl = needs("curl", () => (process.platform === "win32" ? null : "curl"));
  if (!curl) return;
  const guide = await readFile(new URL("../../../docs/serving.md", import.meta.url), "utf8");
  const blocks = Array.from(guide.matchAll(/```sh\n([^`]*?curl[^`]*?)```/g), ([, block]) => block);
  expect(blocks.length).toBeGreaterThan(4);
  const folder = await mkdtemp(join(tmpdir(), "hale-guide-"));
  for (const [i, name] of ["image.png", "a.png", "b.png"].entries()) {
    await copyFile(join(place.root, place.images[i]), join(folder, name));
  }
  for (const block of blocks) {
    const script = `set -e\n${block.replaceAll("http://127.0.0.1:8080", server.url).replace(/\bcurl\b/g, "curl -fsS")}`;
    const { stdout } = await promisify(execFile)("sh", ["-c", script], { cwd: folder });
    expect(stdout + (await readdir(folder)).join(), block).not.toBe("");
  }
  expect(await readdir(folder)).toEqual(expect.arrayContaining(["results.zip", "job-results.json"]));
});
