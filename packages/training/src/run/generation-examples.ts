/**
 * @file Pictures of how far a generator has come, written beside a run's other examples: samples, ways from one sample to
 * another, and normals that nothing is learnt from beside what the run makes of them.
 */
import type { ImageShape } from "@hale/methods";
import type { Trainer } from "../trainer.ts";
import { exampleName, type KeepPicture } from "./examples.ts";
import { pairsPng, sheetPng } from "./sheet.ts";

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
 * Keeps `<iteration>-samples.png`, `<iteration>-interpolations.png` and, where there are `normals`,
 * `<iteration>-reconstructions.png`. Nothing for a method without a generator.
 */
export async function writeGenerationExamples(
  keep: KeepPicture,
  trainer: Trainer,
  normals: readonly Float32Array[],
  shape: ImageShape,
): Promise<void> {
  const generator = await trainer.generator();
  if (!generator) return;
  const base = exampleName(trainer.iteration);
  const samples = await generator.pictures({ seed: SEED, name: "gallery" }, SAMPLES * SAMPLES);
  await keep(`${base}-samples.png`, sheetPng(samples, shape, SAMPLES));
  const ways = await generator.interpolations({ seed: SEED, name: "interpolations" }, PAIRS, STEPS);
  await keep(`${base}-interpolations.png`, sheetPng(ways, shape, STEPS));
  const originals = normals.slice(0, RECONSTRUCTIONS);
  if (originals.length === 0) return;
  const { healthy } = await trainer.restore(originals);
  if (healthy.length === 0) return;
  const pairs = originals.map((original, i) => [original, healthy[i]] as const);
  await keep(`${base}-reconstructions.png`, pairsPng(pairs, shape, ACROSS));
}
