/**
 * @file What a checkpoint belongs to: the settings of its run, the images that it learns from and selects by, and the frozen or
 * inherited weights that it begins with.
 */
import { createHash } from "node:crypto";
import type { NamedArray } from "@hale/autodiff";
import type { RunImages } from "./run-images.ts";
import type { RunSettings } from "./run-settings.ts";

export interface RunOrigin {
  images: Pick<RunImages, "train" | "unlabelled" | "selection">;
  backbone: readonly NamedArray[];
  /** What was taken from another run; missing where the method takes nothing. */
  inherited?: ReadonlyMap<string, NamedArray>;
}

/** SHA-256 of all of that, in hex: a run can only be resumed as itself. */
export function fingerprintOf(settings: RunSettings, { images, backbone, inherited }: RunOrigin): string {
  // Where the data lies and how many checkpoints are kept do not change what is learnt.
  const { data: _data, keep: _keep, ...rest } = settings;
  const parts: Record<string, readonly Float32Array[]> = {
    train: images.train.images,
    unlabelled: images.unlabelled.images,
    selection: images.selection.images,
    backbone: backbone.map(({ data }) => data),
    ...(inherited && { inherited: [...inherited.values()].map(({ data }) => data) }),
  };
  const hash = createHash("sha256").update(JSON.stringify(rest));
  for (const [name, arrays] of Object.entries(parts)) {
    hash.update(name);
    for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest("hex");
}
