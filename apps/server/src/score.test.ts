/** @file A detector behind HTTP, in one process with its tests: what it answers, in which forms, and what it refuses. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ctBytes } from "../../../packages/imaging/src/formats/dicom/objects/source-fixture.ts";
import { runHale } from "../../cli/src/cli-fixture.ts";
import { scored } from "./schemas.ts";
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
const post = (path: string, form: FormData, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { method: "POST", body: form, headers });
const score = async (form: FormData, query = "") => (await post(`/v1/score${query}`, form)).json();

test("one image: score, p-value, decision, threshold with its interval, all of it as the document says", async () => {
  const response = await post("/v1/score", formOf(await image(0)));
  expect(response.status).toBe(200);
  const answer = await response.json();
  scored.parse(answer);
  expect(answer).toMatchObject({ file: "0.png", detector: { name: "detector", method: "knn" }, notes: [], files: [] });
  expect(answer.score).toBeGreaterThan(0);
  expect(answer.p_value).toBeGreaterThan(0);
  expect(["above", "not above", "needs review"]).toContain(answer.decision);
  expect(answer.threshold_interval.value).toBe(answer.threshold);
  expect(answer.threshold_interval.low).toBeLessThan(answer.threshold_interval.high);
  expect(answer.domain).toMatchObject({ outside: expect.any(Boolean), reasons: expect.any(Array) });
  expect(answer.results).toHaveLength(1);
  expect(answer.notice).toBe("Research use only. Not for diagnosis.");
});

test("the command and the server give the same rows", async () => {
  const files = await Promise.all(place.images.map((_, i) => image(i, place.images[i].split("/").at(-1)!)));
  const answer = await score(formOf(...files));
  const command = await runHale(place.root, [
    "score",
    "run/detector.hale",
    "scans/images/test-*.png",
    "--json",
    "--threads",
    "1",
  ]);
  const rows = command.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(6);
  for (const [i, { file, schema: _, hale: __, ...row }] of rows.entries()) {
    expect(`scans/images/${answer.results[i].file}`).toBe(file);
    expect(answer.results[i]).toMatchObject(row);
  }
});

test("what cannot be scored among others has a row that says why; alone it is refused", async () => {
  const broken = fileOf((await place.read(place.images[0])).slice(0, 200), "broken.png");
  const both = await post("/v1/score", formOf(broken, await image(1)));
  expect(both.status).toBe(200);
  const { results } = await both.json();
  expect(results[0]).toMatchObject({ score: null, error_detail: { code: "IMAGE_CORRUPT" } });
  expect(results[1].score).toBeGreaterThan(0);
  const alone = await post("/v1/score", formOf(broken));
  expect(alone.status).toBe(422);
  const body = await alone.json();
  expect(body).toEqual({
    error: { code: "IMAGE_CORRUPT", fault: expect.stringContaining("broken.png"), remedy: expect.any(String) },
  });
  expect(JSON.stringify(body)).not.toMatch(/\bat .*\.ts|node:|hale-spool/);
});

test("maps and overlays come as base64, in a zip, and as parts", async () => {
  const json = await score(formOf(await image(0, "a.png")), "?include=map,overlay");
  expect(json.files.map(({ name }: { name: string }) => name)).toEqual(["a-map.png", "a-overlay.png"]);
  const png = Buffer.from(json.files[0].data, "base64");
  expect(png.subarray(1, 4).toString()).toBe("PNG");

  const zip = await post("/v1/score?include=map", formOf(await image(0, "a.png")), { accept: "application/zip" });
  expect(zip.headers.get("content-type")).toBe("application/zip");
  const entries = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  expect(Object.keys(entries)).toEqual(["results.json", "a-map.png"]);
  expect(Buffer.from(entries["a-map.png"]).equals(png)).toBe(true);
  expect(JSON.parse(new TextDecoder().decode(entries["results.json"])).score).toBe(json.score);

  const related = await post("/v1/score?include=map&format=multipart", formOf(await image(0, "a.png")));
  const type = related.headers.get("content-type")!;
  const boundary = /boundary=([\w-]+)/.exec(type)![1];
  const parts = Buffer.from(await related.arrayBuffer())
    .toString("latin1")
    .split(`--${boundary}`);
  expect(type).toMatch(/^multipart\/related/);
  expect(parts).toHaveLength(4);
  expect(JSON.parse(parts[1].split("\r\n\r\n")[1]).score).toBe(json.score);
  expect(Buffer.from(parts[2].split("\r\n\r\n").slice(1).join("\r\n\r\n").slice(0, -2), "latin1").equals(png)).toBe(
    true,
  );

  const none = await post("/v1/score", formOf(await image(0)), { accept: "text/html" });
  expect([none.status, (await none.json()).error.code]).toEqual([406, "NOT_ACCEPTABLE"]);
});

test("names of files are names: no path, no header, no line of theirs comes through", async () => {
  const names = ["../../../etc/passwd.png", "..\\..\\x.png", 'q".png', "..", "x\u202egnp.png", "x.png"];
  const bytes = await place.read(place.images[0]);
  const boundary = "edge";
  const body = Buffer.concat([
    ...names.map((name) =>
      Buffer.concat([
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename*=UTF-8''${encodeURIComponent(name)}\r\n\r\n`,
        ),
        bytes,
        Buffer.from("\r\n"),
      ]),
    ),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  const before = await readdir(place.root);
  const response = await fetch(`${server.url}/v1/score?include=map&format=zip`, {
    method: "POST",
    body,
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  });
  expect(response.status).toBe(200);
  const entries = Object.keys(unzipSync(new Uint8Array(await response.arrayBuffer())));
  expect(entries).toHaveLength(names.length + 1);
  for (const entry of entries) expect(entry).toMatch(/^[^/\\\p{Cc}\p{Cf}"]+$/u);
  expect(new Set(entries.map((name) => name.toLowerCase())).size).toBe(entries.length);
  expect(await readdir(place.root)).toEqual(before);
});

test("DICOM files that belong together are a series, and a zip of them is the same; objects are made of them", async () => {
  const [columns, rows, count] = [40, 30, 3];
  const pixels = (k: number) =>
    new Uint8Array(columns * rows).map((_, i) => 90 + ((i * (7 + k)) % 60) * Number(i % columns > 5)).buffer;
  const slices = [0, 1, 2].map((k) => ctBytes(k, columns, rows, { InstanceNumber: k + 1, PixelData: pixels(k) }));
  const files = slices.map((bytes, k) => fileOf(bytes, `IM${k}`));
  const answer = await score(formOf(...files), "?normalise=file&include=map,objects");
  expect(answer.results).toHaveLength(1);
  expect(answer).toMatchObject({
    file: "series",
    axis: "axial",
    decision: null,
    leftOut: [],
    map: "series-map.nii.gz",
  });
  expect(answer.slices).toHaveLength(count);
  expect(Object.keys(answer.dicom)).toEqual(["parametricMap", "segmentation", "secondaryCapture", "report"]);
  const names = answer.files.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining([...Object.values(answer.dicom), answer.map]));
  const zip = zipSync(Object.fromEntries(slices.map((bytes, k) => [`a/IM${k}`, bytes])));
  const same = await score(formOf(fileOf(new Uint8Array(zip), "study.zip")), "?normalise=file");
  expect(same).toMatchObject({ file: "study.zip", score: answer.score });
  const alone = await score(formOf(files[1]), "?normalise=file");
  expect(alone).toMatchObject({ file: "IM1", score: answer.slices[1].score });
});

test("a header finds its data among the files that are sent", async () => {
  const size = 32;
  const header = `ObjectType = Image\nNDims = 3\nDimSize = ${size} ${size} 1\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\nElementDataFile = a.raw\n`;
  const data = new Uint8Array(size * size).map((_, i) => (i * 7) % 200);
  const form = formOf(fileOf(new TextEncoder().encode(header), "a.mhd"), fileOf(data, "a.raw"));
  const answer = await score(form, "?normalise=full-scale");
  expect(answer.results).toHaveLength(1);
  expect(answer).toMatchObject({ file: "a.mhd", score: expect.any(Number) });
  const without = await score(formOf(fileOf(new TextEncoder().encode(header), "a.mhd")), "?normalise=full-scale");
  expect(without.error.fault).toContain("the pixels of a.mhd is not beside it");
});

test("what waited on disk is gone once it is delivered", async () => {
  await expect.poll(() => readdir(join(server.spool, "requests"))).toEqual([]);
  expect(server.log.text).not.toMatch(/"level":"error"/);
});
