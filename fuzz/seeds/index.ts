/** @file All seeds, in a fixed order: a run is known by its number, so the order is part of it. */
import { containerSeeds } from "./containers.ts";
import { detectorSeeds } from "./detector.ts";
import { dicomSeeds } from "./dicom.ts";
import { pictureSeeds } from "./pictures.ts";
import type { Kind, Seed } from "./seed.ts";
import { volumeSeeds } from "./volumes.ts";

/** Seeds of the given kinds: those that JavaScript reads, or those that go through WebAssembly. */
export async function seedsOf(kinds: readonly Kind[], codecs: boolean): Promise<Map<Kind, Seed[]>> {
  const all = [
    ...(await dicomSeeds()),
    ...volumeSeeds(),
    ...pictureSeeds(),
    ...(await detectorSeeds()),
    ...containerSeeds(),
  ];
  const chosen = new Map<Kind, Seed[]>();
  for (const seed of all) {
    if (seed.codec !== codecs || !kinds.includes(seed.kind)) continue;
    chosen.set(seed.kind, [...(chosen.get(seed.kind) ?? []), seed]);
  }
  return chosen;
}

/** The file that a seed's bytes, mutated or not, stand for. */
export const fileOf = (seed: Seed, bytes: Uint8Array) => seed.seal?.(bytes) ?? bytes;
