/**
 * @file Pictures of how far a run has come, written beside its checkpoints: what it makes of a few images, and what it
 * has learnt.
 */
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import { encodePng, gridOf, rasterOf } from "@hale/imaging";
import type { ImageShape } from "@hale/methods";
import type { Trainer } from "../trainer.ts";

/** What the files of an iteration begin with. */
export const exampleName = (iteration: number) => String(iteration).padStart(8, "0");

/** Most pictures of a gallery; more are too small to look at. */
const SHOWN = 100;

/**
 * Writes `<iteration>.png` into `folder`: image, views, healthy counterpart and map of each image, two images a row.
 * Beside it each gallery of the method, as `<iteration>-<name>.png`.
 */
export async function writeExamples(
  folder: string,
  trainer: Trainer,
  images: readonly Float32Array[],
  { size, channels }: ImageShape,
): Promise<void> {
  const base = join(folder, exampleName(trainer.iteration));
  const tile = (data: Float32Array, planes: 1 | 3 = channels) =>
    rasterOf({ data, width: size, height: size, channels: planes });
  const { healthy, maps, views } = await trainer.restore(images);
  const rows = images.map((image, i) => [
    tile(image),
    ...Object.values(views).map((view) => tile(view[i])),
    ...(healthy ? [tile(healthy[i])] : []),
    // Half of the range of values is the brightest: an absolute scale, the same in every picture.
    tile(
      maps[i].map((v) => Math.min(1, 4 * v - 1)),
      1,
    ),
  ]);
  await writeAtomic(`${base}.png`, encodePng(gridOf(rows.flat(), 2 * rows[0].length)));

  for (const [name, pictures] of Object.entries(await trainer.galleries())) {
    const shown = pictures.slice(0, SHOWN).map((picture) => tile(picture));
    const columns = Math.ceil(Math.sqrt(shown.length));
    await writeAtomic(`${base}-${name}.png`, encodePng(gridOf(shown, columns)));
  }
}
