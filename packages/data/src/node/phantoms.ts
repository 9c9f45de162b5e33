/**
 * @file Writes phantoms as an ordinary data set, so that the demo walks the same way as a user with files of their own:
 * `images/*.png`, `masks/*.png` and `split.csv`. Drawing is in `phantoms/`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeAtomic, writeFault } from "@hale/core/node";
import { encodePng } from "@hale/imaging";
import type { Row } from "../item.ts";
import { formatManifest } from "../manifest.ts";
import { type PhantomItem, type PhantomSetOptions, phantomSet } from "../phantoms/phantom-set.ts";

const MANIFEST = "split.csv";

/**
 * Draws the set and writes it below `folder`, which is made where it is missing; files of the same names are replaced.
 * Masks are written for labelled abnormal images only.
 * @returns the path of the table, and the items as drawn.
 * @throws HaleError `FILE_UNWRITABLE` or `DISK_FULL`.
 */
export async function writePhantomSet(
  folder: string,
  options: PhantomSetOptions,
): Promise<{ manifest: string; items: PhantomItem[] }> {
  const items = phantomSet(options);
  const png = (data: Uint8Array) =>
    encodePng({ width: options.size, height: options.size, channels: 1, maxValue: 255, data });
  // Not atomic, unlike the table: a picture can be drawn again, and flushing a thousand files takes a while.
  const write = (path: string, bytes: Uint8Array) =>
    writeFile(path, bytes).catch((cause) => {
      throw writeFault(path, cause);
    });
  for (const part of ["images", "masks"]) {
    await makeFolder(join(folder, part));
  }
  const rows: Row[] = [];
  for (const item of items) {
    const path = `images/${item.name}.png`;
    const mask = item.label === 1 ? `masks/${item.name}.png` : null;
    await write(join(folder, path), png(item.image));
    if (mask) await write(join(folder, mask), png(item.mask));
    rows.push({
      path,
      label: item.label,
      class: item.class,
      split: item.split,
      patient: item.patient,
      mask,
      group: null,
    });
  }
  const manifest = join(folder, MANIFEST);
  await writeAtomic(manifest, formatManifest(rows));
  return { manifest, items };
}
