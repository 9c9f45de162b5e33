/** @file Volumes on their whole way: a data set of NIfTI phantoms, a few training steps, a detector, scores and maps. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findLeaks, fingerprint, type Item, scoredVolumes } from "@hale/data";
import { checkDataset, loadDataset, loadImages, loadMask, readImages, writePhantomVolumes } from "@hale/data/node";
import { aggregateScores, type Card, type Detector, examineScan } from "@hale/detector";
import { readDetector } from "@hale/detector/node";
import { evaluateDetector } from "@hale/evaluation/node";
import { prepare, readNifti, reorient, type Scan, type ScanInput, sliceScan, writeNifti } from "@hale/imaging";
import { readScan } from "@hale/imaging/node";
import { methodNamed } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { partition } from "../partition.ts";
import { dicomSlices } from "./dicom-fixture.ts";
import { writeRunDetector } from "./finish.ts";
import { readRunSettings } from "./run-folder.ts";
import { type RunSettings, runTraining } from "./train.ts";

const SIZE = 32;
const COUNTS = { train: 8, unlabelled: 2, val: 3, testNormal: 3, testAbnormal: 3 };
const INPUT = {
  normalisation: { kind: "percentile", low: 0.5, high: 99.5, per: "volume", foreground: false },
  slices: { axis: "axial", unit: "share", from: 0, to: 1 },
  leastForeground: 0.05,
  crop: { margin: 2 },
  square: true,
} satisfies ScanInput;

let root = "";
let data = "";
let card: Card;
let detector: Detector;
const settings = (): RunSettings => ({
  data,
  method: "autoencoder",
  options: methodNamed("autoencoder").options.parse({
    hidden: 16,
    latent: 8,
    batch: 2,
  }) as unknown as RunSettings["options"],
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
  input: { ...INPUT, unmarked: "left-out", aggregation: { kind: "top-k", k: 2 } },
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-volumes-"));
  data = join(root, "data");
  await writePhantomVolumes(data, { seed: 4, size: SIZE, slices: 9, counts: COUNTS });
  const run = await runTraining(join(root, "run"), settings());
  card = await writeRunDetector(run, join(root, "d.hale"));
  detector = await readDetector(join(root, "d.hale"), await openDevice({ kind: "cpu", threads: 1 }));
});
afterAll(async () => {
  await detector.release();
  await rm(root, { recursive: true });
});

const volumesOf = (items: readonly Item[]) => new Set(items.map(({ scan }) => scan!.path));

describe("a data set of volumes", () => {
  test("becomes slices that are named, labelled by their masks, and grouped by their volume", async () => {
    const { items, unmarked = [], input } = await loadDataset(data, { input: INPUT });
    expect(input).toEqual({ ...INPUT, unmarked: "left-out" });
    // Nine slices, the first and the last empty; of the abnormal ones only slices 3 to 5 are marked.
    const of = (path: string) => items.filter(({ scan }) => scan!.path === path).map(({ scan }) => scan!.index);
    expect(of("images/normal-1.nii.gz")).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(of("images/test-a-2.nii.gz")).toEqual([3, 4, 5]);
    expect(unmarked.map(({ path }) => path).filter((path) => path.includes("test-a-2"))).toEqual(
      [1, 2, 6, 7].map((k) => `images/test-a-2.nii.gz#axial:${k}`),
    );
    for (const item of [...items, ...unmarked]) expect(item.group).toBe(item.scan!.path);
    const asNormal = await loadDataset(data, { input: { ...INPUT, unmarked: "normal" } });
    const healthy = asNormal.items.filter(({ scan }) => scan!.path === "images/test-a-2.nii.gz");
    expect(healthy.map(({ label }) => label)).toEqual([0, 0, 1, 1, 1, 0, 0]);
    expect(asNormal.unmarked).toBeUndefined();
  });

  test("never tears a volume apart: not by its split, not by training's own parts", async () => {
    const manifest = await readFile(join(data, "split.csv"), "utf8");
    const unsplit = join(data, "unsplit.csv");
    await writeFile(unsplit, manifest.replaceAll(/,(train|val|test),/g, ",,"));
    for (let seed = 0; seed < 12; seed++) {
      const dataset = await loadDataset(unsplit, { seed, input: INPUT });
      const splits = new Map<string, Set<string>>();
      for (const { scan, split } of dataset.items) {
        splits.set(scan!.path, (splits.get(scan!.path) ?? new Set()).add(split));
      }
      expect(Math.max(...[...splits.values()].map((set) => set.size))).toBe(1);
      const {
        train,
        selection,
        threshold,
        unlabelled,
        test: held,
      } = partition(dataset, { seed, falseAlarmRate: 0.25 });
      const parts = [train, selection, threshold, unlabelled, held].map(volumesOf);
      expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(new Set(parts.flatMap((part) => [...part])).size);
      expect(Math.min(parts[0].size, parts[1].size, parts[2].size)).toBeGreaterThan(0);
    }
  });

  test("keeps listed slices of one volume in one split, and a split that tears them is a leak", async () => {
    const rows = [1, 2, 3, 4, 5, 6].map((k) => `images/normal-${k}.nii.gz`);
    const listed = rows.flatMap((path) => [3, 4, 5].map((k) => `${path}#axial:${k},0`));
    const file = join(data, "listed.csv");
    await writeFile(file, `path,label\n${listed.join("\n")}\n`);
    const { items } = await loadDataset(file, { input: INPUT });
    expect(items.map(({ path }) => `${path},0`)).toEqual(listed);
    for (const path of rows) {
      expect(new Set(items.filter(({ scan }) => scan!.path === path).map(({ split }) => split)).size).toBe(1);
    }
    const torn = items.map((item, i): Item => ({ ...item, split: i === 0 ? "test" : "train" }));
    const { images } = await readImages(torn, async (raster, identity) => ({
      sha256: await identity(),
      fingerprint: fingerprint(raster),
    }));
    expect(findLeaks(torn, images, { nearCopies: false })).toMatchObject([
      { kind: "group", detail: "group images/normal-1.nii.gz" },
    ]);
  });

  test("with a volume in two splits has one leak for it, and names samples that are no numbers", async () => {
    const folder = join(root, "copied");
    await cp(data, folder, { recursive: true });
    await cp(join(data, "images/normal-1.nii.gz"), join(folder, "images/copy.nii.gz"));
    const odd = await readScan(join(data, "images/held-1.nii.gz"));
    const stored = Float32Array.from(odd.stored);
    stored.fill(Number.NaN, stored.length / 2 + 10, stored.length / 2 + 13);
    await writeFile(join(folder, "images/odd.nii"), writeNifti({ size: odd.size, data: stored, affine: odd.affine }));
    const manifest = await readFile(join(data, "split.csv"), "utf8");
    await writeFile(
      join(folder, "split.csv"),
      `${manifest}images/copy.nii.gz,0,normal,test,,,\nimages/odd.nii,0,normal,val,,,\n`,
    );
    const check = await checkDataset(folder, { input: INPUT, nearCopies: false });
    expect(check.leaks).toMatchObject([{ kind: "identical", a: expect.stringMatching(/normal-1.nii.gz#axial:1$/) }]);
    expect(check.scans).toBe(8 + 2 + 3 + 3 + 3 + 2);
    expect(check.warnings.join(" ")).toMatch(/images\/odd\.nii has 3 samples that are NaN/);
    // Another exposure of the same volume is a near copy, once.
    const twin = await readScan(join(data, "images/normal-3.nii.gz"));
    const brighter = Float32Array.from(twin.stored, (value) => 1.3 * value + 5);
    await writeFile(
      join(folder, "images/copy.nii.gz"),
      writeNifti({ size: twin.size, data: brighter, affine: twin.affine }, { gzip: true }),
    );
    const near = (await checkDataset(folder, { input: INPUT })).leaks.map((leak) => [leak.kind, leak.a.split("#")[0]]);
    expect(near).toContainEqual(["near-copy", "images/normal-3.nii.gz"]);
    expect(new Set(near.map(String)).size).toBe(near.length);
  });

  test("chooses settings by its first scan where none are given, and refuses pictures among scans", async () => {
    expect((await loadDataset(data)).input).toEqual({
      ...INPUT,
      ...{ leastForeground: 0, crop: null, unmarked: "left-out" },
    });
    const folder = join(root, "mixed");
    await cp(data, folder, { recursive: true });
    const manifest = await readFile(join(data, "split.csv"), "utf8");
    await writeFile(join(folder, "a.png"), "picture");
    await writeFile(join(folder, "split.csv"), `${manifest}a.png,0,normal,test,,,\n`);
    await expect(loadDataset(folder, { input: INPUT })).rejects.toMatchObject({ code: "DATASET_INVALID" });
  });

  test("names a volume that cannot be read, or leaves it out", async () => {
    const folder = join(root, "broken");
    await cp(data, folder, { recursive: true });
    await writeFile(join(folder, "images/normal-2.nii.gz"), "not a volume");
    const { items } = await loadDataset(folder, { input: INPUT });
    await expect(loadImages(items, { size: 8, channels: 1 })).rejects.toMatchObject({
      code: "IMAGE_CORRUPT",
      fault: expect.stringContaining("normal-2.nii.gz"),
    });
    const { skipped } = await loadImages(items, { size: 8, channels: 1, corrupt: "skip" });
    expect(skipped.map(({ path }) => path)).toEqual(["images/normal-2.nii.gz"]);
  });

  test("gives masks in the frame of their pictures", async () => {
    const { items } = await loadDataset(data, { input: INPUT });
    const item = items.find(({ path }) => path === "images/test-a-1.nii.gz#axial:4")!;
    const sliced = sliceScan(await readScan(item.file), INPUT);
    const { frame } = sliced;
    const mask = await loadMask(item, frame.fullWidth);
    const masks = await readScan(item.mask!);
    // The same scan as its mask: its picture in the image's frame is the mask at full size.
    const asPicture = sliceScan(masks, { ...INPUT, normalisation: { kind: "full-scale" }, crop: null, square: false });
    const plane = asPicture.picture(4).raster;
    let marked = 0;
    for (let y = 0; y < frame.height; y++) {
      for (let x = 0; x < frame.width; x++) {
        marked += plane.data[(frame.top + y) * plane.width + frame.left + x] > 0 ? 1 : 0;
      }
    }
    expect(marked).toBeGreaterThan(3);
    const scale = frame.fullWidth / frame.fullHeight;
    expect(mask!.reduce((sum, value) => sum + value, 0) / scale).toBeGreaterThan(0.6 * marked);
    expect(mask!.reduce((sum, value) => sum + value, 0) / scale).toBeLessThan(1.6 * marked);
  });
});

describe("a run on volumes", () => {
  test("belongs to its settings: other pictures of the same scans are refused", async () => {
    const given = settings();
    const other = { ...given, input: { ...given.input!, crop: null } };
    await expect(runTraining(join(root, "run"), other)).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
    // The same go on where they were.
    expect((await runTraining(join(root, "run"), given)).iteration).toBe(2);
  });

  test("writes down what it chose where nothing was asked for", async () => {
    const { input: _, ...given } = settings();
    await runTraining(join(root, "chosen"), { ...given, iterations: 1 });
    const { input } = await readRunSettings(join(root, "chosen"));
    expect(input).toEqual({
      ...INPUT,
      ...{ leastForeground: 0, crop: null, unmarked: "left-out", aggregation: { kind: "max" } },
    });
  });
});

describe("a detector of volumes", () => {
  test("knows how scans become pictures, and has a threshold from held-out normal volumes", () => {
    const { volume, ...input } = card.input!;
    expect(input).toEqual(INPUT);
    expect(volume.aggregation).toEqual({ kind: "top-k", k: 2 });
    // Three volumes of val and one of train.
    expect(volume.normalScores).toHaveLength(4);
    expect(volume.threshold).toMatchObject({ normals: 4, falseAlarmRate: 0.25, rank: 4 });
    expect(card.dataset).toMatchObject({ thresholdNormals: 4 * 7 });
    expect(card.image.valueRange).toMatch(/percentile:0.5-99.5\/volume/);
  });

  test("scores a volume as its slices given as float rasters, in every orientation", async () => {
    const scan = await readScan(join(data, "images/test-a-2.nii.gz"));
    const finding = await examineScan(detector, scan, { map: true });
    const sliced = sliceScan(scan, INPUT);
    expect(finding.slices.map(({ slice }) => slice)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const { slice, score } of finding.slices) {
      const { raster } = sliced.picture(slice);
      expect(raster.data).toBeInstanceOf(Float32Array);
      const own = await detector.examine(raster);
      expect(own.score).toBe(score);
      // What the graph prepares is what training prepares.
      const prepared = prepare(raster, { size: SIZE, channels: 1 });
      expect(Math.max(...own.prepared.data.map((value, i) => Math.abs(value - prepared[i])))).toBeLessThan(1e-5);
    }
    const scores = finding.slices.map(({ score }) => score);
    expect(finding.score).toBe(aggregateScores(scores, { kind: "top-k", k: 2 }));
    expect(finding.highest.finding.score).toBe(Math.max(...scores));
    expect(finding.decision).toBe(finding.score > card.input!.volume.threshold!.value ? "above" : "not above");
    expect(finding.pValue).toBeGreaterThan(0);
  });

  test("gives the same scan the same score as NIfTI and as a folder of DICOM files, alone and in a data set", async () => {
    const nifti = await readScan(join(data, "images/test-a-1.nii.gz"));
    const folder = join(root, "as-dicom");
    await cp(data, folder, { recursive: true });
    await mkdir(join(folder, "series"));
    // Another orientation, and files whose names say nothing of their order.
    const files = dicomSlices(reorient(nifti, "LPS"));
    for (const [k, bytes] of files.entries()) await writeFile(join(folder, "series", `IM${(k * 5) % 9}`), bytes);
    const dicom = await readScan(join(folder, "series"));
    expect(dicom.format).toBe("dicom");
    const [one, two] = [await examineScan(detector, nifti), await examineScan(detector, dicom)];
    expect(two.slices).toEqual(one.slices);
    expect(two.score).toBe(one.score);

    const manifest = await readFile(join(data, "split.csv"), "utf8");
    await writeFile(join(folder, "split.csv"), manifest.replace("images/test-a-1.nii.gz", "series"));
    const { items } = await loadDataset(folder, { input: INPUT });
    const slices = items.filter(({ scan }) => scan!.path === "series");
    expect(slices.map(({ path }) => path)).toEqual([3, 4, 5].map((k) => `series#axial:${k}`));
    const { images } = await readImages(slices, async (raster) => (await detector.examine(raster)).score);
    expect(images).toEqual(one.slices.filter(({ slice }) => slice >= 3 && slice <= 5).map(({ score }) => score));
  });

  test("writes the map in the scan's own grid", async () => {
    for (const name of ["test-a-1", "test-a-2", "test-a-3", "test-n-1"]) {
      const scan = await readScan(join(data, `images/${name}.nii.gz`));
      const { map } = await examineScan(detector, scan, { map: true });
      const bytes = writeNifti({ size: scan.size, affine: scan.affine, data: map! }, { gzip: true });
      const [back] = (await readNifti(bytes, "map.nii.gz")).scans;
      expect([back.size, back.affine, back.spacing]).toEqual([scan.size, scan.affine, scan.spacing]);
      // Nothing was looked at in the empty slices at both ends; elsewhere each slice has its own map.
      const { stack, indices, frame } = sliceScan(scan, INPUT);
      for (let index = 0; index < stack.count; index++) {
        const { start, columnStep, rowStep, width, height } = stack.plane(index);
        let sum = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const value = map![start + x * columnStep + y * rowStep];
            sum += value;
            const inside =
              x >= frame.left && x < frame.left + frame.width && y >= frame.top && y < frame.top + frame.height;
            if (!inside) expect(value).toBe(0);
          }
        }
        expect(sum > 0).toBe(indices.includes(index));
      }
    }
  });

  test("of a shifted lesion has its map where the lesion is, not at its mirror image", async () => {
    // A detector whose map is the picture itself would tell; here the prepared picture of the highest slice serves.
    const scan = await readScan(join(data, "images/test-n-2.nii.gz"));
    const { stack, frame } = sliceScan(scan, INPUT);
    const marked: Scan = { ...scan, stored: scan.stored.slice() };
    const { start, columnStep, rowStep } = stack.plane(4);
    for (let y = 10; y < 16; y++)
      for (let x = 18; x < 24; x++) marked.stored[start + x * columnStep + y * rowStep] = 1023;
    const [before, after] = [
      await examineScan(detector, scan, { map: true }),
      await examineScan(detector, marked, { map: true }),
    ];
    const change = before.map!.map((value, i) => Math.abs(value - after.map![i]));
    let total = 0;
    let near = 0;
    for (let y = 0; y < stack.height; y++) {
      for (let x = 0; x < stack.width; x++) {
        const value = change[start + x * columnStep + y * rowStep];
        total += value;
        if (x >= 16 && x < 26 && y >= 8 && y < 18) near += value;
      }
    }
    expect(frame.width).toBeGreaterThan(10);
    expect(near / total).toBeGreaterThan(0.5);
  });

  test("has no threshold for what it was not made with, and refuses what is no volume of its kind", async () => {
    const scan = await readScan(join(data, "images/test-n-1.nii.gz"));
    const other = await examineScan(detector, scan, { aggregation: { kind: "mean" } });
    expect(other).toMatchObject({ threshold: null, decision: null, pValue: null });
    expect(other.thresholdReason).toMatch(/top-k:2/);
    const window = { ...INPUT, normalisation: { kind: "window", center: 300, width: 600 } as const };
    expect(await examineScan(detector, scan, { input: window })).toMatchObject({ decision: null });
    const nowhere = { ...scan, affine: null };
    await expect(examineScan(detector, nowhere, { name: "a.nii" })).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
    });
    const pictures = { card: { ...card, input: undefined } } as unknown as Detector;
    await expect(examineScan(pictures, scan)).rejects.toMatchObject({ code: "DETECTOR_MISMATCH" });
  });

  test("is evaluated by slice and by volume, all slices of a volume counting", async () => {
    const { volumes, cases, ...rest } = await evaluateDetector(detector, data, { nearCopies: false, resamples: 50 });
    expect([rest.normals, rest.abnormals]).toEqual([3 * 7, 3 * 3]);
    expect(volumes).toMatchObject({ normals: 3, abnormals: 3, aggregation: { kind: "top-k", k: 2 } });
    expect(volumes!.volumes.map(({ slices }) => slices.length)).toEqual(Array(6).fill(7));
    const scan = await readScan(join(data, "images/test-a-3.nii.gz"));
    const alone = await examineScan(detector, scan);
    const same = volumes!.volumes.find(({ path }) => path === "images/test-a-3.nii.gz")!;
    expect(same.score).toBe(alone.score);
    expect(same.slices.filter(({ marked }) => marked).map(({ slice }) => slice)).toEqual([3, 4, 5]);
    expect(volumes!.operating!.threshold).toBe(card.input!.volume.threshold!.value);
    expect(volumes!.auroc!.reason).toMatch(/too few/);
    expect(cases.every(({ item }) => item.scan !== undefined)).toBe(true);
    expect(rest.pixels).not.toBeNull();
  });

  test("does not meet the threshold of volumes where a volume is only partly normal", () => {
    const item = (path: string, label: 0 | 1, volume: 0 | 1, index: number) =>
      ({
        path,
        label,
        group: path,
        scan: { path, label: volume, index, single: false, input: INPUT },
      }) as unknown as Item;
    const items = [item("a", 0, 1, 1), item("a", 1, 1, 2), item("b", 0, 0, 1)];
    expect(scoredVolumes(items, [5, 1, 2], { kind: "max" })).toMatchObject([
      { path: "a", label: 1, score: 5, slices: [{ marked: false }, { marked: true }] },
      { path: "b", label: 0, score: 2 },
    ]);
  });
});

const samples = process.env.HALE_DATA && join(process.env.HALE_DATA, "nifti-samples", "valid");

describe.skipIf(!samples)("a volume of BraTS", () => {
  test("has its tumour in the slices that its labels mark, and its map on its own grid", async () => {
    const folder = join(root, "brats");
    await mkdir(folder);
    for (const [name, source] of [
      ["flair", "brats0004-flair"],
      ["labels", "brats0004-labels"],
      ["normal", "MR_Gd"],
    ]) {
      await cp(join(samples!, `${source}.nii.gz`), join(folder, `${name}.nii.gz`));
    }
    await writeFile(
      join(folder, "split.csv"),
      "path,label,split,mask\nflair.nii.gz,1,test,labels.nii.gz\nnormal.nii.gz,0,train,\n",
    );
    const { items } = await loadDataset(folder, { input: { ...INPUT, leastForeground: 0 } });
    const abnormal = items.filter(({ label }) => label === 1).map(({ scan }) => scan!.index);
    // Axial slices of this file are those that it stores, from below upwards.
    const { stored, size, modality } = await readScan(join(folder, "labels.nii.gz"));
    const [transform] = modality;
    const area = size[0] * size[1];
    const marked = Array.from({ length: size[2] }, (_, k) => k).filter((k) =>
      stored
        .subarray(k * area, (k + 1) * area)
        .some((value) => transform.kind === "linear" && value * transform.slope + transform.intercept > 0.5),
    );
    expect(abnormal).toEqual(marked);
    expect(marked.length).toBeGreaterThan(20);

    const scan = await readScan(join(folder, "flair.nii.gz"));
    const finding = await examineScan(detector, scan, { map: true });
    const [back] = (
      await readNifti(writeNifti({ size: scan.size, affine: scan.affine, data: finding.map! }), "map.nii")
    ).scans;
    expect([back.size, back.affine]).toEqual([scan.size, scan.affine]);
  });
});
