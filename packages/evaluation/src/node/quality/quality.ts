/**
 * @file Generation quality of a run: draws samples with the weights of its newest checkpoint, compares them with real
 * images on named frozen features, and writes figures and pictures into a folder.
 */
import { join } from "node:path";
import { input, Program, State } from "@hale/autodiff";
import { HaleError, VERSION } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { clusterOf } from "@hale/data";
import type { Generator, ImageShape, Recipe, RestoringInference } from "@hale/methods";
import { readBackboneFile } from "@hale/methods/node";
import { openDevice } from "@hale/runtime/node";
import type { Nearest } from "@hale/statistics";
import { ImageGenerator, inBatches, type Stream } from "@hale/training";
import { isByGradient, type OpenedRun, openRun, readRunSettings, writePairs, writeSheet } from "@hale/training/node";
import { FeatureExtractor, type FeatureSet } from "../../quality/features.ts";
import { type GenerationFigures, generationFigures } from "../../quality/figures.ts";

export interface QualityOptions {
  /** Images to draw. */
  samples: number;
  /** Of the samples, and of what is chosen at random. */
  seed: number;
  /** A file of `hale backbone import`; without one, random convolutions. */
  features?: string;
  /** Of the backbone; its last feature layer if none is named. */
  layer?: string;
  /** Where the data set is now, if it has moved. */
  data?: string;
  /** Where files are written; `quality` in the run's folder if not named. */
  out?: string;
  device: "cpu" | "webgpu";
  threads: number;
  onProgress?(what: string, done: number, total: number): void;
}

/** What is written as `quality.json`. */
export interface QualityReport extends GenerationFigures {
  haleVersion: string;
  run: string;
  method: string;
  iteration: number;
  iterations: number;
  seed: number;
  features: FeatureSet;
  counts: { samples: number; training: number; heldOut: number; heldOutPatients: number };
  /** The samples nearest to training images, nearest first: those of `nearest.png`. */
  nearest: { sample: number; training: string; distance: number; pValue: number }[];
  folder: string;
  files: string[];
}

/** Images drawn, looked at and forgotten at once. */
const CHUNK = 32;
/** Pictures of a sheet, and columns: of single ones, and of pairs. */
const SINGLE = { count: 100, columns: 10 };
const PAIRED = { count: 32, columns: 4 };
const INTERPOLATIONS = { pairs: 8, steps: 8 };
const BATCH = 8;

function generatorOf(recipe: Recipe, method: string): Generator {
  if (recipe.learning === "gradient" && recipe.generator) return recipe.generator;
  throw new HaleError(
    "OPTION_INVALID",
    `${method} only changes images that it is given; it has no generator that draws them, so there is nothing to compare.`,
    "Name a run of hq-anogan; an evaluation tells how well a detector finds what is abnormal.",
  );
}

/**
 * Measures the generator of the run in `folder` and writes `quality.json`, `samples.png`, `training.png`,
 * `interpolations.png`, `nearest.png`, `nearest-held-out.png` and, once the run restores, `reconstructions.png`. The same
 * seed gives the same figures on one machine. Throws what `openRun` and `generationFigures` throw, and OPTION_INVALID
 * for a method without a generator.
 */
export async function measureQuality(folder: string, options: QualityOptions): Promise<QualityReport> {
  const { samples, seed, onProgress } = options;
  const backbone = options.features === undefined ? undefined : await readBackboneFile(options.features);
  const { size, channels } = await readRunSettings(folder);
  const device = await openDevice({ kind: options.device, threads: options.threads });
  // Before the images are read, so that a wrong layer is refused at once.
  const extractor = await FeatureExtractor.compile(device, { size, channels }, { backbone, layer: options.layer });
  const run = await openRun(folder, {
    data: options.data,
    accepts: (recipe, { name }) => void generatorOf(recipe, name),
    onProgress: (done, total) => onProgress?.("Reading images", done, total),
  });
  const { training, heldOut, method, iteration } = run;
  const state = new State(device, { exact: true });
  state.write(run.arrays);
  const generator = await ImageGenerator.compile(state, generatorOf(run.recipe, method.name));
  const stream = { seed, name: "quality/samples" };
  try {
    const total = samples + training.images.length + heldOut.images.length;
    let looked = 0;
    const look = async (count: number, take: (from: number, count: number) => Promise<Float32Array[]>) => {
      const rows: Float32Array[] = [];
      while (rows.length < count) {
        rows.push(...(await extractor.features(await take(rows.length, Math.min(CHUNK, count - rows.length)))));
        onProgress?.("Drawing and looking", looked + rows.length, total);
      }
      looked += count;
      return rows;
    };
    const own = (images: readonly Float32Array[]) =>
      look(images.length, async (from, count) => images.slice(from, from + count));
    const rows = {
      training: await own(training.images),
      heldOut: await own(heldOut.images),
      samples: await look(samples, (from, count) => generator.samples(stream, from, count)),
    };
    const clusters = heldOut.items.map(clusterOf);
    const figures = await generationFigures({
      ...rows,
      heldOutClusters: clusters,
      seed,
      onProgress: async (percent) => {
        onProgress?.("Comparing", percent, 100);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    const out = options.out ?? join(folder, "quality");
    const files = await writePictures(out, run, { state, generator, stream, samples, figures });
    const { generated } = figures.memorisation;
    const report: QualityReport = {
      haleVersion: VERSION,
      run: folder,
      method: method.name,
      iteration,
      iterations: iterationsOf(run),
      seed,
      features: extractor.set,
      counts: {
        samples,
        training: training.images.length,
        heldOut: heldOut.images.length,
        heldOutPatients: new Set(clusters).size,
      },
      ...figures,
      nearest: nearestFirst(generated.distance).map((sample) => ({
        sample,
        training: training.items[generated.index[sample]].path,
        distance: generated.distance[sample],
        pValue: figures.memorisation.pValues[sample],
      })),
      folder: out,
      files: ["quality.json", ...files],
    };
    await writeAtomic(join(out, "quality.json"), `${qualityJson(report, 2)}\n`);
    return report;
  } finally {
    await generator.release();
    await extractor.release();
    state.dispose();
  }
}

/** The report as JSON. Distances of all images are left out; those of the nearest samples are listed anyway. */
export function qualityJson(report: QualityReport, indent?: number): string {
  const { generated: _, heldOut: __, pValues: ___, ...memorisation } = report.memorisation;
  return JSON.stringify({ ...report, memorisation }, null, indent);
}

/** Numbers of the images with the smallest distances, as many as a sheet shows. */
function nearestFirst(distances: Float64Array): number[] {
  return [...distances.keys()].sort((a, b) => distances[a] - distances[b]).slice(0, PAIRED.count);
}

/** Of the whole run; whoever has a generator learns by steps. */
const iterationsOf = ({ settings, iteration }: OpenedRun) => (isByGradient(settings) ? settings.iterations : iteration);

interface Drawn {
  state: State;
  generator: ImageGenerator;
  stream: Stream;
  samples: number;
  figures: GenerationFigures;
}

/** Returns the names of the files. */
async function writePictures(out: string, run: OpenedRun, drawn: Drawn): Promise<string[]> {
  const { shape, training, heldOut, recipe, iteration } = run;
  const { generator, stream, samples, figures } = drawn;
  const files: string[] = [];
  const place = (name: string) => {
    files.push(name);
    return join(out, name);
  };
  const { pairs, steps } = INTERPOLATIONS;
  const shown = await generator.samples(stream, 0, Math.min(samples, SINGLE.count));
  await writeSheet(place("samples.png"), shown, shape, SINGLE.columns);
  await writeSheet(place("training.png"), training.images.slice(0, SINGLE.count), shape, SINGLE.columns);
  const ways = await generator.interpolations({ ...stream, name: "quality/interpolations" }, pairs, steps);
  await writeSheet(place("interpolations.png"), ways, shape, steps);

  const beside = async (name: string, { index, distance }: Nearest, image: (i: number) => Promise<Float32Array>) => {
    const found: [Float32Array, Float32Array][] = [];
    for (const i of nearestFirst(distance)) found.push([await image(i), training.images[index[i]]]);
    await writePairs(place(name), found, shape, PAIRED.columns);
  };
  // A sample is a function of its number, so it is drawn again rather than kept.
  const { generated, heldOut: real } = figures.memorisation;
  await beside("nearest.png", generated, async (i) => (await generator.samples(stream, i, 1))[0]);
  await beside("nearest-held-out.png", real, async (i) => heldOut.images[i]);

  const ready = recipe.learning === "gradient" && (recipe.ready?.(iteration, iterationsOf(run)) ?? true);
  if (ready && recipe.restore) {
    const originals = heldOut.images.slice(0, PAIRED.count);
    const restored = await restore(drawn.state, recipe, shape, originals);
    const both = originals.map((original, i) => [original, restored[i]] as const);
    await writePairs(place("reconstructions.png"), both, shape, PAIRED.columns);
  }
  return files;
}

async function restore(state: State, recipe: RestoringInference, shape: ImageShape, images: Float32Array[]) {
  const x = input("x", [BATCH, shape.channels, shape.size, shape.size]);
  const program = await Program.compile(state, { name: "restore", outputs: { healthy: recipe.restore(x) } });
  try {
    const pixels = shape.channels * shape.size * shape.size;
    return await inBatches(images, pixels, BATCH, async (batch) => (await program.run({ x: batch })).healthy);
  } finally {
    await program.release();
  }
}
