/** @file What the files about each target are called. */
import { basename, resolve } from "node:path";
import { stemOf } from "@hale/data";
import type { Target } from "../target.ts";
import type { OpenTarget } from "./series.ts";

/** Named by their stem, or by the whole path where several have the same; whatever the disk thinks of capitals. */
export function named(found: readonly (readonly [string, OpenTarget])[]): Target[] {
  const stems = found.map(([file]) => stemOf(basename(resolve(file))));
  const count = new Map<string, number>();
  for (const stem of stems) count.set(stem.toLowerCase(), (count.get(stem.toLowerCase()) ?? 0) + 1);
  const taken = new Set<string>();
  return found.map(([file, open], i) => {
    const wanted = count.get(stems[i].toLowerCase()) === 1 ? stems[i] : file.replace(/[\\/:]+/g, "_");
    let name = wanted;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted} (${number})`;
    taken.add(name.toLowerCase());
    return { file, name, open };
  });
}
