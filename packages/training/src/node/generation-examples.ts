/**
 * @file Pictures of how far a generator has come, written beside a run's other examples: samples, ways from one sample to
 * another, and normals that nothing is learnt from beside what the run makes of them.
 */
import { join } from "node:path";
import type { ImageShape } from "@hale/methods";
import type { Trainer } from "../trainer.ts";
import { exampleName } from "./examples.ts";
import { writePairs, writeSheet } from "./sheet.ts";

/** Samples a row, and rows. */
const SAMPLES = 6;
/** Interpolations, one a row, and pictures of each. */
const PAIRS = 6;
const STEPS = 8;
/** Pairs of original and reconstruction, and how many a row. */
const RECONSTRUCTIONS = 16;
const ACROSS = 4;

/** The latents are the same in every run and iteration, so that pictures can be compared. */
const SEED = 1;

/**
 * Writes `<iteration>-samples.png`, `<iteration>-interpolations.png` and, where there are `normals`,
 * `<iteration>-reconstructions.png` into `folder`. Nothing for a method without a generator.
 */
export async function writeGenerationExamples(
  folder: string,
  trainer: Trainer,
  normals: readonly Float32Array[],
  shape: ImageShape,
): Promise<void> {
  const generator = await trainer.generator();
  if (!generator) return;
  const base = join(folder, exampleName(trainer.iteration));
  const samples = await generator.pictures({ seed: SEED, name: "gallery" }, SAMPLES * SAMPLES);
  await writeSheet(`${base}-samples.png`, samples, shape, SAMPLES);
  const ways = await generator.interpolations({ seed: SEED, name: "interpolations" }, PAIRS, STEPS);
  await writeSheet(`${base}-interpolations.png`, ways, shape, STEPS);
  const originals = normals.slice(0, RECONSTRUCTIONS);
  if (originals.length === 0) return;
  const { healthy } = await trainer.restore(originals);
  if (healthy.length === 0) return;
  const pairs = originals.map((original, i) => [original, healthy[i]] as const);
  await writePairs(`${base}-reconstructions.png`, pairs, shape, ACROSS);
}
