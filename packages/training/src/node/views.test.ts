/** @file What a method shows besides its results, on its way through a run to the user: one tiny run of ProxyAno. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { input, Program, State } from "@hale/autodiff";
import { readImages, writePhantomSet } from "@hale/data/node";
import type { Card } from "@hale/detector";
import { readDetector } from "@hale/detector/node";
import { decodeImage } from "@hale/imaging";
import { openDevice } from "@hale/runtime/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { proxyAno } from "../../../methods/src/proxyano/method.ts";
import { writeRunDetector } from "./finish.ts";
import { type FinishedRun, type RunSettings, runTraining } from "./train.ts";

const SIZE = 32;
const SLOTS = 6;
let root = "";
let run: FinishedRun;
let card: Card;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-views-"));
  const data = join(root, "data");
  const counts = { trainNormal: 6, unlabelled: 0, valNormal: 4, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(data, { seed: 5, size: SIZE, counts });
  const options = proxyAno.options.parse({ width: 4, slots: SLOTS, batch: 2, superpixels: 16 });
  run = await runTraining(join(root, "run"), {
    data,
    method: "proxyano",
    options: options as unknown as RunSettings["options"],
    size: SIZE,
    channels: 1,
    seed: 3,
    iterations: 2,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.25,
    selection: "last",
    every: 2,
    keep: 1,
    corrupt: "refuse",
  });
  card = await writeRunDetector(run, join(root, "d.hale"));
});
afterAll(() => rm(root, { recursive: true }));

test("a run's example pictures show proxies, and what its memory has learnt beside them", async () => {
  const folder = join(root, "run", "examples");
  expect((await readdir(folder)).sort()).toEqual(["00000002-memory.png", "00000002.png"]);
  const sizeOf = async (name: string) => {
    const { width, height } = await decodeImage(new Uint8Array(await readFile(join(folder, name))), name);
    return { width, height };
  };
  const cells = (count: number) => count * (SIZE + 2) - 2;
  // Two of the four images a row, of four pictures each; six slots in three columns.
  expect(await sizeOf("00000002.png")).toEqual({ width: cells(8), height: cells(2) });
  expect(await sizeOf("00000002-memory.png")).toEqual({ width: cells(3), height: cells(2) });
});

test("its detector shows the proxy that the method makes", async () => {
  expect(card.views).toEqual(["proxy"]);
  const device = await openDevice({ kind: "cpu", threads: 1 });
  const detector = await readDetector(join(root, "d.hale"), device);
  const { images } = await readImages(run.threshold.items, (raster) => detector.examine(raster));
  await detector.release();

  const state = new State(device);
  state.write(run.arrays);
  const outputs = proxyAno.create(proxyAno.options.parse(run.settings.options), run.shape).views!(
    input("x", [1, 1, SIZE, SIZE]),
  );
  const program = await Program.compile(state, { name: "views", outputs });
  expect(images.length).toBeGreaterThan(0);
  for (const [i, { views, prepared }] of images.entries()) {
    const expected = (await program.run({ x: run.threshold.images[i] })).proxy;
    expect(Object.keys(views)).toEqual(["proxy"]);
    expect(views.proxy).toMatchObject({ width: SIZE, height: SIZE, channels: 1 });
    const { data } = views.proxy;
    expect(data.every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(Math.max(...data.map((value, p) => Math.abs(value - expected[p])))).toBeLessThan(1e-5);
    // It is a picture of its own.
    expect(data).not.toEqual(prepared.data);
  }
  await program.release();
  state.dispose();
});
