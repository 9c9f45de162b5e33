/**
 * @file Writes phantom volumes as an ordinary data set of NIfTI files: `images/*.nii.gz`, `masks/*.nii.gz` and `split.csv`.
 */
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import { reorient, type Scan, writeNifti } from "@hale/imaging";
import type { Row, Split } from "../item.ts";
import { formatManifest } from "../manifest.ts";
import { LESION_KINDS } from "../phantoms/lesion.ts";
import { type PhantomVolume, phantomVolume } from "../phantoms/phantom-volume.ts";

export interface PhantomVolumesOptions {
  seed: number;
  /** Columns and rows. */
  size: number;
  slices: number;
  /** How many volumes each part has, one of a person. */
  counts: { train: number; unlabelled?: number; val: number; testNormal: number; testAbnormal: number };
}

/** Ways that scanners and converters store heads; the volumes take turns, so that nothing may depend on it. */
const STORED = ["LPS", "RAS", "LAS", "PSR"];

/**
 * Draws the volumes and writes them below `folder`; abnormal ones have masks. Voxels are 1 × 1.2 × 3 mm. Returns the path of
 * the table. Throws FILE_UNWRITABLE, DISK_FULL, or OPTION_INVALID for sizes that cannot be drawn.
 */
export async function writePhantomVolumes(folder: string, options: PhantomVolumesOptions): Promise<string> {
  const { seed, size, slices, counts } = options;
  const parts: [string, Split, 0 | 1 | null, number][] = [
    ["normal", "train", 0, counts.train],
    ["mix", "train", null, counts.unlabelled ?? 0],
    ["held", "val", 0, counts.val],
    ["test-n", "test", 0, counts.testNormal],
    ["test-a", "test", 1, counts.testAbnormal],
  ];
  const rows: Row[] = [];
  for (const [name, split, label, count] of parts) {
    for (let i = 0; i < count; i++) {
      const person = seed * 1000 + rows.length;
      // Every other one of the mixture is abnormal, which no method may know.
      const abnormal = label === 1 || (label === null && i % 2 === 1);
      const lesion = abnormal ? LESION_KINDS[i % LESION_KINDS.length] : undefined;
      const volume = phantomVolume(person, { size, slices, lesion });
      const path = `images/${name}-${i + 1}.nii.gz`;
      const mask = label === 1 ? `masks/${name}-${i + 1}.nii.gz` : null;
      const codes = STORED[rows.length % STORED.length];
      await writeAtomic(join(folder, path), nifti(volume, volume.data, codes));
      if (mask) await writeAtomic(join(folder, mask), nifti(volume, volume.mask, codes));
      rows.push({ path, label, class: lesion && label === 1 ? lesion : "", split, patient: null, group: null, mask });
    }
  }
  const manifest = join(folder, "split.csv");
  await writeAtomic(manifest, formatManifest(rows));
  return manifest;
}

function nifti({ size }: PhantomVolume, stored: Int16Array | Uint8Array, codes: string): Uint8Array {
  const scan: Scan = {
    format: "nifti",
    size,
    channels: 1,
    stored,
    range: [0, 1023],
    modality: [],
    unit: null,
    voi: [],
    whiteIsLow: false,
    affine: [1, 0, 0, -20, 0, 1.2, 0, -18, 0, 0, 3, 5, 0, 0, 0, 1],
    spacing: [1, 1.2, 3],
  };
  const turned = reorient(scan, codes);
  return writeNifti({ size: turned.size, data: turned.stored, affine: turned.affine }, { gzip: true });
}
