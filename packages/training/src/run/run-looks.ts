/**
 * @file What is kept of a run's images besides their pixels for the network: the normals' descriptions, of which the detector
 * learns how its images look, and hashes of all images that were used.
 */
import { clusterOf, type Item } from "@hale/data";
import { type Description, describe, printOf, type SeenPrint } from "@hale/detector";
import type { Raster } from "@hale/imaging";

/** The hashes of a run's images, in its folder. */
export const SEEN_FILE = "images.seen";

/** Looks of images. */
export interface RunLooks {
  /** Of normals of train and val. */
  descriptions: Description[];
  /** `clusters[i]`: patient, group or image of `descriptions[i]`. */
  clusters: string[];
  /** Of all images that the run read. */
  prints: SeenPrint[];
}

export const noLooks = (): RunLooks => ({ descriptions: [], clusters: [], prints: [] });

/** Adds an image. Throws what `describe` and `printOf` throw. */
export async function look(looks: RunLooks, raster: Raster, item: Item): Promise<void> {
  looks.prints.push(await printOf(raster));
  if (item.label !== 0) return;
  looks.descriptions.push(describe(raster));
  looks.clusters.push(clusterOf(item));
}
