/**
 * @file Pictures of how far a run has come, written beside its checkpoints: what it makes of a few images, and what it
 * has learnt.
 */
import { joined } from "@hale/core";
import { encodePng, gridOf, rasterOf } from "@hale/imaging";
import type { ImageShape } from "@hale/methods";
import { quantileOfSorted } from "@hale/statistics";
import type { Restorations } from "../image-program.ts";
import type { Trainer } from "../trainer.ts";
import type { RunFiles } from "./files.ts";
import type { RunEvents } from "./run.ts";
import { sheetPng } from "./sheet.ts";

/** Keeps a PNG by its name. */
export type KeepPicture = (name: string, png: Uint8Array) => Promise<void>;

/** Keeps pictures with a run's files, and tells them. */
export function pictureKeeper(files: RunFiles, events: RunEvents): KeepPicture {
  const folder = files.within("examples");
  return async (name, png) => {
    await folder.write(name, png);
    events.onPicture?.(`examples/${name}`, png);
  };
}

/** What the files of an iteration begin with. */
export const exampleName = (iteration: number) => String(iteration).padStart(8, "0");

/** Most pictures of a gallery; more are too small to look at. */
const SHOWN = 100;

/**
 * Keeps what a trainer makes of images (`writeAnswers`), and beside it each gallery of its method, as
 * `<iteration>-<name>.png`.
 */
export async function writeExamples(
  keep: KeepPicture,
  trainer: Trainer,
  images: readonly Float32Array[],
  shape: ImageShape,
): Promise<void> {
  await writeAnswers(keep, trainer.iteration, images, await trainer.restore(images), shape);
  for (const [name, pictures] of Object.entries(await trainer.galleries())) {
    const shown = pictures.slice(0, SHOWN);
    const columns = Math.ceil(Math.sqrt(shown.length));
    await keep(`${exampleName(trainer.iteration)}-${name}.png`, sheetPng(shown, shape, columns));
  }
}

/**
 * Keeps `<iteration>.png`: image, views, healthy counterpart where the method makes one, and map of each
 * image, two images a row.
 */
export async function writeAnswers(
  keep: KeepPicture,
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
  await keep(`${exampleName(iteration)}.png`, encodePng(gridOf(rows.flat(), 2 * rows[0].length)));
}

/**
 * The map value that is drawn white. Differences from a counterpart have an absolute scale, half of the range of values,
 * which is the same in every picture; other maps have units of their own, so twice their 99th percentile here.
 */
function brightestOf(healthy: readonly Float32Array[], maps: readonly Float32Array[]): number {
  if (healthy.length > 0) return 0.5;
  return Math.max(2 * quantileOfSorted(joined(maps).sort(), 0.99), 1e-6);
}
