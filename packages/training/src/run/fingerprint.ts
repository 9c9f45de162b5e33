/**
 * @file What a checkpoint belongs to: the settings of its run, the images that it learns from and selects by, and the frozen or
 * inherited weights that it begins with.
 */
import type { NamedArray } from "@hale/autodiff";
import { sha256Hex } from "@hale/core";
import type { RunImages } from "./run-images.ts";
import type { RunSettings } from "./run-settings.ts";

export interface RunOrigin {
  images: Pick<RunImages, "train" | "unlabelled" | "selection">;
  backbone: readonly NamedArray[];
  /** What was taken from another run; missing where the method takes nothing. */
  inherited?: ReadonlyMap<string, NamedArray>;
}

/** SHA-256 of all of that, in hex: a run can only be resumed as itself. */
export async function fingerprintOf(
  settings: RunSettings,
  { images, backbone, inherited }: RunOrigin,
): Promise<string> {
  // Where the data lies and how many checkpoints are kept do not change what is learnt.
  const { data: _data, keep: _keep, ...rest } = settings;
  const parts: Record<string, readonly Float32Array[]> = {
    train: images.train.images,
    unlabelled: images.unlabelled.images,
    selection: images.selection.images,
    backbone: backbone.map(({ data }) => data),
    ...(inherited && { inherited: [...inherited.values()].map(({ data }) => data) }),
  };
  const lines = [JSON.stringify(rest)];
  for (const [name, arrays] of Object.entries(parts)) {
    lines.push(name);
    for (const { buffer, byteOffset, byteLength } of arrays)
      lines.push(await sha256Hex(new Uint8Array(buffer, byteOffset, byteLength)));
  }
  return sha256Hex(new TextEncoder().encode(lines.join("\n")));
}
