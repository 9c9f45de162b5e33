/**
 * @file Makes the detector that the page ships with, from phantoms alone: `node … apps/studio/build/detector.ts FILE`. By a
 * fit, so that it takes seconds; its card says how.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { methodNamed } from "@hale/methods";
import { runTraining, writeRunDetector } from "@hale/training/node";
import { DETECTOR_SEED, EXAMPLE_SIZE } from "../src/examples-setting.ts";

/** Side of the images that it looks at, in pixels. */
const SIZE = 64;

/** Draws the phantoms, fits, and writes the detector. */
export async function makeExampleDetector(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), "hale-studio-"));
  try {
    const data = join(folder, "phantoms");
    const counts = { trainNormal: 120, unlabelled: 0, valNormal: 119, testNormal: 0, testAbnormal: 0 };
    await writePhantomSet(data, { seed: DETECTOR_SEED, size: EXAMPLE_SIZE, counts });
    const run = await runTraining(join(folder, "run"), {
      data,
      method: "patchcore",
      // A small memory: quick to search in a page.
      options: methodNamed("patchcore").options.parse({ candidates: 6000, memory: 800 }) as Record<string, unknown>,
      size: SIZE,
      channels: 1,
      seed: DETECTOR_SEED,
      device: "cpu",
      threads: 2,
      falseAlarmRate: 0.05,
      every: 1000,
      keep: 1,
      corrupt: "refuse",
    });
    await writeRunDetector(run, file, { licence: "Phantoms drawn by hale; Apache-2.0" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith("detector.ts")) await makeExampleDetector(process.argv[2]);
