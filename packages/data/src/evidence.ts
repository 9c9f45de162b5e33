/**
 * @file What is seen of each image of a data set, and the check that all of it makes, wherever images were read. Reading them
 * is left to `node/check.ts` and to pages.
 */
import { prepare, type Raster } from "@hale/imaging";
import { type DatasetCheck, summariseCheck } from "./check.ts";
import { auditControls, CONTROL_SIZE, type ControlResult } from "./controls.ts";
import { clusterOf, type Dataset, type Item } from "./item.ts";
import { findLeaks, fingerprint, type LeakEvidence, type LeakOptions } from "./leaks.ts";
import type { ReadImages } from "./read-items.ts";

/** What the check needs of an image. */
export interface ImageEvidence extends LeakEvidence {
  /** Grey, [64, 64] in [-1, 1]. */
  small: Float32Array;
}

/** How each image of a data set is looked at, for `checkOf`. */
export function evidenceOf(dataset: Pick<Dataset, "items">, nearCopies: boolean) {
  const compared = nearCopies ? comparedOf(dataset.items) : new Set<Item>();
  return async (raster: Raster, identity: () => Promise<string>, item: Item): Promise<ImageEvidence> => ({
    sha256: await identity(),
    fingerprint: compared.has(item) ? fingerprint(raster) : null,
    small: prepare(raster, { size: CONTROL_SIZE, channels: 1 }),
  });
}

/** Counts, leaks and controls from what was seen of each image. */
export function checkOf(
  dataset: Dataset,
  read: ReadImages<ImageEvidence>,
  options: Required<Pick<LeakOptions, "nearCopies">> & Pick<LeakOptions, "onProgress">,
): DatasetCheck {
  const small = read.images.map((image) => image.small);
  return summariseCheck(
    { ...dataset, items: read.items },
    {
      leaks: findLeaks(read.items, read.images, options),
      nearCopies: options.nearCopies,
      ...audit(read.items, small),
      skipped: read.skipped,
      notNumbers: read.notNumbers,
    },
  );
}

/** Slices of a volume that are compared with those of others: a copy of a volume is a copy of each slice. */
const COMPARED = 3;

/** The items whose near copies are looked for: plain pictures, and a few slices of each volume, evenly spread. */
function comparedOf(items: readonly Item[]): Set<Item> {
  const volumes = new Map<string, Item[]>();
  const compared = new Set<Item>();
  for (const item of items) {
    if (!item.scan || item.scan.single) compared.add(item);
    else volumes.set(item.scan.path, [...(volumes.get(item.scan.path) ?? []), item]);
  }
  for (const slices of volumes.values()) {
    for (let k = 1; k <= COMPARED; k++) compared.add(slices[Math.floor((k * slices.length) / (COMPARED + 1))]);
  }
  return compared;
}

function audit(
  items: readonly Item[],
  images: readonly Float32Array[],
): { controls: ControlResult[] | null; controlsOn: string } {
  const pick = (test: (item: Item) => boolean) => images.filter((_, i) => test(items[i]));
  const trainNormals = pick((item) => item.split === "train" && item.label === 0);
  const pool = pick((item) => item.split === "train" && item.label === null);
  for (const [controlsOn, splits] of [
    ["test", ["test"]],
    ["val and test", ["val", "test"]],
  ] as const) {
    const chosen = (item: Item) => item.label !== null && splits.some((split) => split === item.split);
    const asked = items.filter(chosen);
    const labels = asked.map((item) => item.label as 0 | 1);
    if (trainNormals.length > 1 && labels.includes(0) && labels.includes(1)) {
      const input = { trainNormals, pool, images: pick(chosen) };
      return { controls: auditControls(input, { labels, clusters: asked.map(clusterOf) }), controlsOn };
    }
  }
  return { controls: null, controlsOn: "test" };
}
