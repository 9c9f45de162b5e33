/** @file Servers that come and go: jobs over restarts, detectors that are replaced, and a stop that loses nothing. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packDetector, unpackDetector } from "@hale/detector";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOf, formOf, makePlace, type Place, serveAt } from "./server-fixture.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(async () => {
  await place.remove();
});

const image = async (i: number, name = `${i}.png`) => fileOf(await place.read(place.images[i]), name);
const send = (path: string, form: FormData, url: string) => fetch(url + path, { method: "POST", body: form });
const ask = async (path: string, method: string, url: string) => {
  const response = await fetch(url + path, { method });
  const text = await response.text();
  return { status: response.status, json: text && !text.startsWith("event") ? JSON.parse(text) : null, text };
};
const ended = (id: string, url: string) =>
  expect.poll(async () => (await ask(`/v1/jobs/${id}`, "GET", url)).json.state, { timeout: 60_000 }).toBe("done");

test("what a killed server had accepted is done by the next; what it had not is erased", async () => {
  const spool = join(await mkdtemp(join(tmpdir(), "hale-killed-")), "spool");
  const id = "a".repeat(32);
  await mkdir(join(spool, "jobs", id), { recursive: true, mode: 0o700 });
  await mkdir(join(spool, "jobs", "half"));
  await writeFile(join(spool, "jobs", "half", "0"), "PLANTED");
  await mkdir(join(spool, "requests", "left"), { recursive: true });
  await writeFile(join(spool, "requests", "left", "0"), "PLANTED");
  await copyFile(join(place.root, place.images[0]), join(spool, "jobs", id, "0"));
  const record = {
    id,
    detector: "detector",
    include: [],
    way: {},
    created: new Date().toISOString(),
    files: ["x.png"],
    bytes: 5,
  };
  await writeFile(join(spool, "jobs", id, "job.json"), JSON.stringify(record));
  const next = await serveAt(place, { spool });
  try {
    expect(await readdir(join(spool, "requests"))).toEqual([]);
    expect(await readdir(join(spool, "jobs"))).toEqual([id]);
    await ended(id, next.url);
    // Stopped and started again its results still wait.
    await next.stop();
    const third = await serveAt(place, { spool });
    expect((await ask(`/v1/jobs/${id}/results`, "GET", third.url)).json).toMatchObject({ file: "x.png", error: null });
    await third.stop();
  } finally {
    await next.stop();
  }
});

test("a detector's new file takes its place while requests go on; one that is not sound does not", async () => {
  const path = join(place.root, "replaced.hale");
  await copyFile(place.detector, path);
  const other = await serveAt(place, { detectors: [{ name: "d", path }] });
  try {
    const before = (await ask("/v1/detectors/d", "GET", other.url)).json;
    const parts = await unpackDetector(new Uint8Array(await readFile(path)), "d");
    const card = { ...parts.card, dataset: { ...parts.card.dataset, name: "another" } };
    await writeFile(`${path}.new`, await packDetector({ ...parts, card }));
    const form = formOf(await image(0));
    const statuses: number[] = [];
    let replaced = false;
    const asking = (async () => {
      while (!replaced) statuses.push((await send("/v1/score", form, other.url)).status);
    })();
    await rename(`${path}.new`, path);
    await other.reload();
    replaced = true;
    await asking;
    const after = (await ask("/v1/detectors/d", "GET", other.url)).json;
    expect(after.sha256).not.toBe(before.sha256);
    expect(after.card.dataset.name).toBe("another");
    expect(new Set(statuses)).toEqual(new Set([200]));
    await writeFile(path, "no detector");
    await other.reload();
    expect((await ask("/v1/detectors/d", "GET", other.url)).json.sha256).toBe(after.sha256);
    expect(other.log.text).toMatch(/"event":"detector not replaced","detector":"d","code":"DETECTOR_CORRUPT"/);
  } finally {
    await other.stop();
  }
});

test("asked to stop, it finishes what it has and refuses the rest with 503", async () => {
  const leaving = await serveAt(place, { limits: { graceMilliseconds: 120_000 } });
  const connection = await fetch(`${leaving.url}/healthz`);
  await connection.text();
  const form = formOf(...(await Promise.all(place.images.map((_, i) => image(i)))));
  const [one, job] = [send("/v1/score", form, leaving.url), await send("/v1/jobs", form, leaving.url)];
  expect(job.status).toBe(202);
  await expect
    .poll(async () => (await (await fetch(`${leaving.url}/metrics`)).text()).match(/hale_requests_under_way (\d)/)?.[1])
    .not.toBe("0")
    .catch(() => {});
  const stopped = leaving.stop();
  const [refused, ready] = await Promise.all([
    send("/v1/score", form, leaving.url).catch(() => null),
    fetch(`${leaving.url}/readyz`).catch(() => null),
  ]);
  if (refused) expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  if (ready) expect(ready.status).toBe(503);
  expect((await one).status).toBe(200);
  await stopped;
  const [id] = await readdir(join(leaving.spool, "jobs"));
  expect(JSON.parse(await readFile(join(leaving.spool, "jobs", id, "job.json"), "utf8")).answer.results).toHaveLength(
    6,
  );
});
