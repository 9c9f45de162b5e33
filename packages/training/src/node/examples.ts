/**
 * @file Pictures of how far a run has come, written beside its checkpoints: what it makes of a few images, and what it
 * has learnt.
 */
import { join } from "node:path";
import { joined } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { encodePng, gridOf, rasterOf } from "@hale/imaging";
import type { ImageShape } from "@hale/methods";
import { quantileOfSorted } from "@hale/statistics";
import type { Restorations } from "../image-program.ts";
import type { Trainer } from "../trainer.ts";
import { writeSheet } from "./sheet.ts";

/** What the files of an iteration begin with. */
export const exampleName = (iteration: number) => String(iteration).padStart(8, "0");

/** Most pictures of a gallery; more are too small to look at. */
const SHOWN = 100;

/**
 * Writes what a trainer makes of images (`writeAnswers`), and beside it each gallery of its method, as
 * `<iteration>-<name>.png`.
 */
export async function writeExamples(
  folder: string,
  trainer: Trainer,
  images: readonly Float32Array[],
  shape: ImageShape,
): Promise<void> {
  await writeAnswers(folder, trainer.iteration, images, await trainer.restore(images), shape);
  for (const [name, pictures] of Object.entries(await trainer.galleries())) {
    const shown = pictures.slice(0, SHOWN);
    const columns = Math.ceil(Math.sqrt(shown.length));
    await writeSheet(join(folder, `${exampleName(trainer.iteration)}-${name}.png`), shown, shape, columns);
  }
}

/**
 * Writes `<iteration>.png` into `folder`: image, views, healthy counterpart where the method makes one, and map of each
 * image, two images a row.
 */
export async function writeAnswers(
  folder: string,
  iteration: number,
  images: readonly Float32Array[],
  { healthy, maps, views }: Restorations,
  { size, channels }: ImageShape,
): Promise<void> {
  const tile = (data: Float32Array, planes: 1 | 3 = channels) =>
    rasterOf({ data, width: size, height: size, channels: planes });
  const brightest = brightestOf(healthy, maps);
  const rows = images.map((image, i) => [
    tile(image),
    ...Object.values(views).map((view) => tile(view[i])),
    ...(healthy.length > 0 ? [tile(healthy[i])] : []),
    tile(
      maps[i].map((v) => Math.min(1, (2 * v) / brightest - 1)),
      1,
    ),
  ]);
  const file = join(folder, `${exampleName(iteration)}.png`);
  await writeAtomic(file, encodePng(gridOf(rows.flat(), 2 * rows[0].length)));
}

/**
 * The map value that is drawn white. Differences from a counterpart have an absolute scale, half of the range of values,
 * which is the same in every picture; other maps have units of their own, so twice their 99th percentile here.
 */
function brightestOf(healthy: readonly Float32Array[], maps: readonly Float32Array[]): number {
  if (healthy.length > 0) return 0.5;
  return Math.max(2 * quantileOfSorted(joined(maps).sort(), 0.99), 1e-6);
}
