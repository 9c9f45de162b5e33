import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyRaster, type Raster, resizePlane } from "@hale/imaging";
import { seededRandom } from "@hale/statistics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSeen, seenPath, writeSeen } from "./node/seen-file.ts";
import { printOf, seenRecord, seenSchema, seenSearch } from "./seen.ts";

const SIDE = 128;

/** Smooth blobs with some texture, other ones for each seed. */
function picture(seed: number): Raster {
  const random = seededRandom(seed);
  const raster = emptyRaster(SIDE, SIDE, 1);
  const sum = new Float32Array(SIDE * SIDE);
  for (const side of [5, 11, 23, 47]) {
    const coarse = Float64Array.from({ length: side * side }, random);
    for (const [i, value] of resizePlane(coarse, side, side, SIDE, SIDE).entries())
      sum[i] += (value * 60) / Math.log2(side);
  }
  raster.data.set(sum.map((value) => Math.max(0, Math.min(255, 20 + 1.5 * value))));
  return raster;
}

const changed = (raster: Raster, change: (value: number, i: number) => number): Raster => ({
  ...raster,
  data: Uint8Array.from(raster.data, (value, i) => Math.max(0, Math.min(255, Math.round(change(value, i))))),
});

const used = Array.from({ length: 30 }, (_, i) => picture(i));
let search: Awaited<ReturnType<typeof searchOf>>;
async function searchOf(rasters: readonly Raster[]) {
  return seenSearch(seenRecord(await Promise.all(rasters.map(printOf))));
}
let root = "";
beforeAll(async () => {
  search = await searchOf(used);
  root = await mkdtemp(join(tmpdir(), "hale-seen-"));
});
afterAll(() => rm(root, { recursive: true }));

const found = async (rasters: readonly Raster[]) =>
  (await Promise.all(rasters.map(async (raster) => search(await printOf(raster))))).filter((one) => one !== null);

test("the same pixels are known, whatever file they came in", async () => {
  expect(await found(used)).toEqual(used.map(() => "exact"));
});

test.each([
  ["brighter and of more contrast", (raster: Raster) => changed(raster, (value) => 1.2 * value + 8)],
  [
    "with noise as of recompression",
    (raster: Raster) => {
      const random = seededRandom(9);
      return changed(raster, (value) => value + 6 * random() - 3);
    },
  ],
  [
    "half as large",
    (raster: Raster): Raster => {
      const half = resizePlane(raster.data, SIDE, SIDE, SIDE / 2, SIDE / 2);
      return { ...emptyRaster(SIDE / 2, SIDE / 2, 1), data: Uint8Array.from(half, Math.round) };
    },
  ],
  ["mirrored", (raster: Raster) => changed(raster, (_, i) => raster.data[i - (i % SIDE) + SIDE - 1 - (i % SIDE)])],
])("near copies are known: %s", async (_, copy) => {
  expect(await found(used.map(copy))).toEqual(used.map(() => "near"));
});

test("other pictures are not known, nor one without any detail", async () => {
  expect(await found(Array.from({ length: 200 }, (_, i) => picture(1000 + i)))).toEqual([]);
  const flat = await searchOf([emptyRaster(8, 8, 1)]);
  expect(flat(await printOf(changed(emptyRaster(8, 8, 1), () => 9)))).toBeNull();
});

test("a record says nothing of the order, and is checked", async () => {
  const prints = await Promise.all(used.slice(0, 3).map(printOf));
  const record = seenRecord(prints);
  expect(seenRecord([...prints].reverse())).toEqual(record);
  expect(seenSchema.parse(record)).toEqual(record);
  for (const wrong of [{ images: 2 }, { prints: "%" }, { prints: `${record.prints}AAAA` }, { images: 1e9 }]) {
    expect(seenSchema.safeParse({ ...record, ...wrong }).success).toBe(false);
  }
});

test("the file beside a detector is that detector's, or is refused", async () => {
  const path = seenPath(join(root, "bound.hale"));
  const record = seenRecord([await printOf(used[0])]);
  const [own, other] = [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4)];
  await writeSeen(path, record, own);
  expect(await readSeen(path, own)).toEqual(record);
  await expect(readSeen(path, other)).rejects.toMatchObject({
    code: "DETECTOR_MISMATCH",
    fault: expect.stringContaining("belongs to another detector"),
  });
  await writeSeen(path, record);
  await expect(readSeen(path, own)).rejects.toMatchObject({
    code: "DETECTOR_MISMATCH",
    fault: expect.stringContaining("does not say which detector"),
  });
});

test("the file beside a detector: none, sound, damaged", async () => {
  const path = seenPath(join(root, "d.hale"));
  expect(path.endsWith("d.hale.seen")).toBe(true);
  expect(await readSeen(path)).toBeNull();
  const record = seenRecord([await printOf(used[0])]);
  await writeSeen(path, record);
  expect(await readSeen(path)).toEqual(record);
  await writeFile(path, '{"kind":"hale seen images","format":1}');
  await expect(readSeen(path)).rejects.toMatchObject({ code: "DETECTOR_CORRUPT" });
});
