/** @file Rows in order, whoever is ready first; batches; images that fail; bounded reading ahead; ends. */
import { HaleError } from "@hale/core";
import { Detector, packDetector } from "@hale/detector";
import { emptyRaster, type Raster } from "@hale/imaging";
import { beforeAll, expect, test } from "vitest";
import { type Answer, cardWith, fakeDevice, plainModel } from "../../detector/src/test-support.ts";
import type { OutputFile } from "./outputs.ts";
import type { Row } from "./row.ts";
import { type ScoringOptions, scoreTargets } from "./stream.ts";
import type { Target } from "./target.ts";

/** The score of an image is its first value: 0 to 1; 255 stands for what is no number. */
const answer: Answer = (pixels) => ({ score: pixels[0] === 1 ? Number.NaN : pixels[0] });
let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await packDetector({ model: plainModel, card: cardWith() });
});

async function open(onRun?: () => Promise<void>, counterpart = true) {
  // Loading asks for the test picture first, whose corner is black.
  let first = true;
  let loaded = false;
  const sizes: number[] = [];
  const { device, log } = fakeDevice({
    counterpart,
    answer: (pixels, dims) => {
      if (first) {
        first = false;
        return { score: 0.25 };
      }
      return answer(pixels, dims);
    },
    onRun: async (images) => {
      sizes.push(images);
      if (loaded) await onRun?.();
    },
  });
  const file = counterpart ? bytes : await packDetector({ model: plainModel, card: cardWith({ counterpart }) });
  const detector = await Detector.load(file, device);
  loaded = true;
  sizes.length = 0;
  return { detector, log, sizes };
}

function picture(value: number, side = 4): Raster {
  const raster = emptyRaster(side, side, 1);
  raster.data.fill(value);
  // A picture of one value would be refused.
  raster.data[raster.data.length - 1] = value ^ 1;
  return raster;
}

const target = (i: number, raster: Raster | HaleError, wait = 0): Target => ({
  file: `${i}.png`,
  name: String(i),
  async open() {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (raster instanceof HaleError) throw raster;
    return { kind: "picture", raster };
  },
});

async function rowsOf(detector: Detector, targets: Target[], options?: ScoringOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of scoreTargets(detector, targets, options)) rows.push(row);
  return rows;
}

const damaged = (i: number) => new HaleError("IMAGE_CORRUPT", `${i}.png is damaged.`, "Take it out.");

test("rows come in the order of the targets, with several readers and sizes", async () => {
  const { detector } = await open();
  const targets = Array.from({ length: 60 }, (_, i) => target(i, picture(i, i % 3 ? 4 : 5), (7 * i) % 5));
  const rows = await rowsOf(detector, targets, { readers: 3 });
  expect(rows.map(({ file }) => file)).toEqual(targets.map(({ file }) => file));
  expect(rows.map(({ score }) => Math.round(score! * 255))).toEqual(targets.map((_, i) => i));
});

test("pictures of one size go together, and the batches follow from order and sizes alone", async () => {
  const runs: number[][] = [];
  for (const slow of [0, 1, 2]) {
    const { detector, sizes } = await open();
    const targets = Array.from({ length: 21 }, (_, i) =>
      target(i, picture(i, i === 10 ? 6 : 4), i % 3 === slow ? 3 : 0),
    );
    await rowsOf(detector, targets, { readers: slow + 1 });
    runs.push(sizes);
  }
  expect(runs[0]).toEqual([8, 8, 1, 4]);
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[2]).toEqual(runs[0]);
});

test("an image that cannot be read or examined has a row that says why, and the others their scores", async () => {
  const { detector, sizes } = await open();
  const targets = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => target(i, i === 2 ? damaged(2) : picture(i === 5 ? 255 : i)));
  const rows = await rowsOf(detector, targets);
  expect(rows.map(({ error }) => error?.code ?? null)).toEqual([
    ...[null, null, "IMAGE_CORRUPT", null, null, "NUMERIC_FAILURE", null, null],
  ]);
  expect(rows.map(({ score }) => score !== null)).toEqual([true, true, false, true, true, false, true, true]);
  expect(rows[2].error).toMatchObject({ fault: "2.png is damaged.", remedy: "Take it out." });
  expect(rows[5]).toMatchObject({ file: "5.png", pValue: null, decision: null, threshold: null });
  // Together, and then each by itself, to find which it was.
  expect(sizes).toEqual([7, 1, 1, 1, 1, 1, 1, 1]);
});

test("a picture of one value has a row that says so", async () => {
  const { detector } = await open();
  const black = emptyRaster(4, 4, 1);
  const [row, other] = await rowsOf(detector, [target(0, black), target(1, picture(1))]);
  expect(row).toMatchObject({ score: null, decision: null, error: { code: "IMAGE_UNSUPPORTED" } });
  expect(row.error!.fault).toBe("0.png holds one value only (0), so there is nothing to see in it.");
  expect(other.error).toBeNull();
});

test("with strict the first that fails ends it, after the rows before it", async () => {
  const { detector } = await open();
  const targets = [0, 1, 2, 3].map((i) => target(i, i === 2 ? damaged(2) : picture(i)));
  const rows: Row[] = [];
  const reading = (async () => {
    for await (const row of scoreTargets(detector, targets, { strict: true })) rows.push(row);
  })();
  await expect(reading).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  expect(rows.map(({ file }) => file)).toEqual(["0.png", "1.png"]);
});

test("a fault that is not one image's ends it: a disk that is full", async () => {
  const { detector } = await open();
  const full = new HaleError("DISK_FULL", "The disk is full.", "Make room.");
  const maps = async ({ name }: OutputFile) => {
    if (name.startsWith("9")) throw full;
    return name;
  };
  const targets = Array.from({ length: 20 }, (_, i) => target(i, picture(i)));
  await expect(rowsOf(detector, targets, { maps })).rejects.toBe(full);
});

test("pictures about each image are given to the sink under its name", async () => {
  const { detector } = await open();
  const files: OutputFile[] = [];
  const maps = async (file: OutputFile) => {
    files.push(file);
    return file.name;
  };
  await rowsOf(detector, [target(0, picture(1)), target(1, picture(2))], { maps });
  const names = files.map(({ name }) => name).sort();
  expect(names).toEqual([0, 1].flatMap((i) => [`${i}-healthy.png`, `${i}-map.png`, `${i}-overlay.png`]));
  for (const { bytes } of files) expect([...bytes.subarray(1, 4)]).toEqual([80, 78, 71]);
});

test("there is no picture of a healthy counterpart where the detector makes none", async () => {
  const { detector } = await open(undefined, false);
  const names: string[] = [];
  const maps = async ({ name }: OutputFile) => {
    names.push(name);
    return name;
  };
  const [row] = await rowsOf(detector, [target(0, picture(1))], { maps });
  expect(row.error).toBeNull();
  expect(names.sort()).toEqual(["0-map.png", "0-overlay.png"]);
});

test("no more is read ahead than a bound, however slow the reader of rows", async () => {
  const { detector } = await open();
  let opened = 0;
  const targets = Array.from({ length: 1000 }, (_, i) => {
    const one = target(i, picture(i % 200));
    const open = () => {
      opened++;
      return one.open();
    };
    return { ...one, open };
  });
  const rows = scoreTargets(detector, targets);
  await rows.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(opened).toBeGreaterThan(16);
  expect(opened).toBeLessThan(200);
  await rows.return();
  const then = opened;
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(opened).toBe(then);
});

test("of large images few are in memory, while one is examined", async () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { detector } = await open(() => held);
  const large = picture(1, 4096);
  let opened = 0;
  const targets = Array.from({ length: 40 }, (_, i) => {
    const one = target(i, large);
    const open = () => {
      opened++;
      return one.open();
    };
    return { ...one, open };
  });
  const rows = scoreTargets(detector, targets);
  const first = rows.next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  // One that is examined, one that could be next, one that waits for its place, one that is read.
  expect(opened).toBeGreaterThanOrEqual(1);
  expect(opened).toBeLessThanOrEqual(4);
  go();
  expect((await first).value).toMatchObject({ file: "0.png", error: null });
  await rows.return();
});

test("a signal ends it with its reason, also while an image is waited for", async () => {
  const { detector } = await open();
  const stop = new AbortController();
  const targets = [target(0, picture(1), 100), target(1, damaged(1))];
  const rows = scoreTargets(detector, targets, { signal: stop.signal });
  const next = rows.next();
  stop.abort(new Error("enough"));
  await expect(next).rejects.toThrow("enough");
  await expect(rowsOf(detector, targets, { signal: stop.signal })).rejects.toThrow("enough");
});

test("no targets, no rows", async () => {
  const { detector } = await open();
  expect(await rowsOf(detector, [])).toEqual([]);
});

test("a picture of which DICOM objects were asked for says that there are none; 12 bits in 16 are told", async () => {
  const { detector } = await open();
  const raster: Raster = { ...picture(0), maxValue: 65535, data: Uint16Array.from({ length: 16 }, (_, i) => 200 * i) };
  const notes: string[] = [];
  const objects = { sink: async () => "" } as unknown as ScoringOptions["objects"];
  const rows: Row[] = [];
  for await (const row of scoreTargets(detector, [target(0, raster)], {
    objects,
    onNote: (note) => notes.push(note),
  })) {
    rows.push(row);
  }
  expect(rows[0].objects).toMatchObject({ dicom: {}, leftOut: [{ object: "all", reason: /plain picture/ }] });
  expect(notes.join()).toMatch(/0\.png: no DICOM objects/);
  expect(notes.join()).toMatch(/16 bits.*3000 of 65535/);
});
