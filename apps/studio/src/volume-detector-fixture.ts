/** @file For tests: a detector of volumes that restores what it sees, taught a little on phantoms, and scans to score with it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePhantomVolumes } from "@hale/data/node";
import { methodNamed } from "@hale/methods";
import { runTraining, writeRunDetector } from "@hale/training/node";

const SIZE = 32;

export interface VolumeFixture {
  detector: string;
  /** Test volumes, NIfTI. */
  volumes: { name: string; bytes: Buffer }[];
}

export async function volumeDetector(folder: string): Promise<VolumeFixture> {
  const data = join(folder, "volumes");
  const counts = { train: 4, unlabelled: 0, val: 3, testNormal: 1, testAbnormal: 1 };
  await writePhantomVolumes(data, { seed: 4, size: SIZE, slices: 9, counts });
  const run = await runTraining(join(folder, "run"), {
    data,
    method: "autoencoder",
    options: methodNamed("autoencoder").options.parse({ hidden: 16, latent: 8, batch: 2 }) as Record<string, unknown>,
    size: SIZE,
    channels: 1,
    seed: 3,
    iterations: 4,
    device: "cpu",
    threads: 1,
    falseAlarmRate: 0.25,
    selection: "last",
    every: 4,
    keep: 1,
    corrupt: "refuse",
    input: {
      normalisation: { kind: "percentile", low: 0.5, high: 99.5, per: "volume", foreground: false },
      slices: { axis: "axial", unit: "share", from: 0, to: 1 },
      leastForeground: 0.05,
      crop: { margin: 2 },
      square: true,
      unmarked: "left-out",
      aggregation: { kind: "max" },
    },
  });
  const detector = join(folder, "volumes.hale");
  await writeRunDetector(run, detector);
  const files = (await readdir(data, { recursive: true })).filter((file) => /\.nii(\.gz)?$/.test(file)).sort();
  const scans = files.filter((file) => !/mask/.test(file));
  const volumes = await Promise.all(
    scans
      .slice(-2)
      .map(async (name) => ({ name: name.replace(/.*[\\/]/, ""), bytes: await readFile(join(data, name)) })),
  );
  return { detector, volumes };
}
