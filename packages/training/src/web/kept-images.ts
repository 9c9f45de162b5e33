/**
 * @file The images of a run in a page, kept with it so that it goes on after the page was closed: prepared for the network,
 * those of the threshold as they were decoded too. Names of files, patients and groups are replaced by numbers, in an order
 * that divides the data set as they did; nothing else of the files is kept.
 */
import { HaleError, joined, joinedBytes } from "@hale/core";
import { clusterOf, type Dataset, type Item, type Skipped } from "@hale/data";
import type { Description, SeenPrint } from "@hale/detector";
import type { FullScale, Raster } from "@hale/imaging";
import { type RunFiles, readText } from "../run/files.ts";
import type { ImageSource, ItemImages, RunImages } from "../run/run-images.ts";
import type { RunData } from "../run/train.ts";
import { rasterSource } from "./tab-data.ts";

const PARTS = ["train", "unlabelled", "selection", "threshold"] as const;
const RECORD = "record.json";
const FOLDER = "images";

/** What is written last. */
interface KeptRecord {
  dataset: Dataset;
  /** Paths of the images of each part. */
  parts: Record<(typeof PARTS)[number], string[]>;
  /** Values of one image. */
  length: number;
  skipped: Skipped[];
  notes: string[];
  /** Of the images that set the threshold, by their paths. */
  rasters: Omit<Raster, "data">[];
  descriptions: Record<string, number>;
}

export interface KeptRun extends RunData {
  images: RunImages;
}

/** Replaces names, in their order; null stays null. */
function numbered(names: Iterable<string | null>, word: string): (name: string) => string {
  const sorted = [...new Set(names)].filter((name) => name !== null).sort((a, b) => (a < b ? -1 : 1));
  const digits = String(sorted.length).length;
  const numbers = new Map(sorted.map((name, i) => [name, `${word} ${String(i + 1).padStart(digits, "0")}`]));
  return (name) => numbers.get(name)!;
}

/** Keeps what a run has read. `source` still has the pictures that set the threshold. */
export async function keepImages(
  files: RunFiles,
  { dataset, source }: RunData,
  images: RunImages,
  corrupt: "refuse" | "skip",
): Promise<void> {
  const folder = files.within(FOLDER);
  const pathOf = numbered(
    dataset.items.map(({ path }) => path),
    "image",
  );
  const patientOf = numbered(
    dataset.items.map(({ patient }) => patient),
    "patient",
  );
  const groupOf = numbered(
    dataset.items.map(({ group }) => group),
    "group",
  );
  const rasters: Omit<Raster, "data">[] = [];
  const pixels: Uint8Array[] = [];
  await source.read(
    images.threshold.items,
    ({ data, ...rest }) => {
      rasters.push(rest);
      pixels.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    { corrupt, keep: true },
  );
  for (const part of PARTS) await folder.write(`${part}.f32`, bytesOf(joined(images[part].images)));
  await folder.write("threshold.rasters", joinedBytes(pixels));
  const { descriptions, prints } = images.looks;
  const lengths = Object.fromEntries(Object.entries(descriptions[0] ?? {}).map(([name, { length }]) => [name, length]));
  for (const name of Object.keys(lengths)) {
    const all = new Float64Array(descriptions.length * lengths[name]);
    for (const [i, one] of descriptions.entries()) all.set(one[name as keyof Description], i * lengths[name]);
    await folder.write(`${name}.f64`, bytesOf(all));
  }
  await folder.write("exact.prints", joinedBytes(prints.map(({ exact }) => exact)));
  await folder.write("detail.prints", joinedBytes(prints.map(({ detail }) => detail)));
  const record: KeptRecord = {
    dataset: {
      ...dataset,
      root: "",
      items: dataset.items.map((item) => ({
        ...item,
        path: pathOf(item.path),
        file: pathOf(item.path),
        mask: null,
        patient: item.patient === null ? null : patientOf(item.patient),
        group: item.group === null ? null : groupOf(item.group),
      })),
      warnings: [],
    },
    parts: Object.fromEntries(
      PARTS.map((part) => [part, images[part].items.map(({ path }) => pathOf(path))]),
    ) as KeptRecord["parts"],
    length: images.train.images[0].length,
    skipped: images.skipped.map(({ path }) => ({ path: pathOf(path), reason: "It could not be read." })),
    notes: [],
    rasters,
    descriptions: lengths,
  };
  await folder.write(RECORD, JSON.stringify(record));
}

/** What `keepImages` kept; null where it did not come to its end. Throws CHECKPOINT_CORRUPT where that is damaged. */
export async function readKeptImages(files: RunFiles): Promise<KeptRun | null> {
  const folder = files.within(FOLDER);
  const text = await readText(folder, RECORD);
  if (text === null) return null;
  const damaged = () =>
    new HaleError(
      "CHECKPOINT_CORRUPT",
      `The images that were kept of the run ${files.name} are damaged.`,
      "Erase the run and start it again.",
    );
  let record: KeptRecord;
  try {
    record = JSON.parse(text) as KeptRecord;
  } catch {
    throw damaged();
  }
  /** `count` pieces of `bytes` bytes each. */
  const pieces = async (file: string, count: number, bytes?: number): Promise<Uint8Array<ArrayBuffer>[]> => {
    const all = (await folder.read(file)) ?? new Uint8Array();
    const each = bytes ?? all.length / Math.max(1, count);
    if (!Number.isInteger(each) || all.length !== count * each) throw damaged();
    return Array.from({ length: count }, (_, i) => all.slice(i * each, (i + 1) * each));
  };
  const { dataset, parts, length } = record;
  const items = new Map(dataset.items.map((item) => [item.path, item]));
  const part = async (name: (typeof PARTS)[number]): Promise<ItemImages> => {
    const images = await pieces(`${name}.f32`, parts[name].length, 4 * length);
    return {
      items: parts[name].map((path) => items.get(path)!),
      images: images.map(({ buffer }) => new Float32Array(buffer)),
    };
  };
  const [train, unlabelled, selection, threshold] = [
    await part("train"),
    await part("unlabelled"),
    await part("selection"),
    await part("threshold"),
  ];
  const normals = [...train.items, ...selection.items, ...threshold.items];
  const columns = await Promise.all(
    Object.entries(record.descriptions).map(
      async ([name, count]) => [name, await pieces(`${name}.f64`, normals.length, 8 * count)] as const,
    ),
  );
  const total = normals.length + unlabelled.items.length;
  const [exact, detail] = [await pieces("exact.prints", total), await pieces("detail.prints", total)];
  const images: RunImages = {
    train,
    unlabelled,
    selection,
    threshold,
    looks: {
      descriptions: normals.map(
        (_, i) =>
          Object.fromEntries(columns.map(([name, rows]) => [name, new Float64Array(rows[i].buffer)])) as Description,
      ),
      clusters: normals.map(clusterOf),
      prints: exact.map((one, i): SeenPrint => ({ exact: one, detail: detail[i] })),
    },
    skipped: record.skipped,
    notes: record.notes,
  };
  return { dataset, source: await keptRasters(folder, threshold.items, record.rasters, damaged), images };
}

/** The pictures that set the threshold, and no others. */
async function keptRasters(
  folder: RunFiles,
  items: readonly Item[],
  shapes: readonly Omit<Raster, "data">[],
  damaged: () => HaleError,
): Promise<ImageSource> {
  const all = (await folder.read("threshold.rasters")) ?? new Uint8Array();
  const rasters = new Map<string, Raster>();
  let at = 0;
  for (const [i, { path }] of items.entries()) {
    const { width, height, channels, maxValue } = shapes[i];
    const Samples = SAMPLES[maxValue];
    const bytes = width * height * channels * Samples.BYTES_PER_ELEMENT;
    rasters.set(path, { ...shapes[i], data: new Samples(all.slice(at, at + bytes).buffer) });
    at += bytes;
  }
  if (at !== all.length) throw damaged();
  return rasterSource((item) => rasters.get(item.path) ?? null);
}

const SAMPLES = { 255: Uint8Array, 65535: Uint16Array, 1: Float32Array } as const satisfies Record<FullScale, unknown>;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);
