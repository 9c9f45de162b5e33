/**
 * @file How good generated images are, from features of samples, of the training normals and of normals that nothing was
 * learnt from: KID, precision and recall against either, and whether samples are copies. Each figure comes with its
 * interval and with what real images would get in the samples' place, without which it cannot be judged.
 */
import { HaleError, Random } from "@hale/core";
import {
  type Interval,
  type KernelDistance,
  kernelDistance,
  type Memorisation,
  memorisation,
  type Proportion,
  precisionRecall,
} from "@hale/statistics";
import { rootMeanSquare, tableOf } from "./features.ts";

/** Most images of a set that are compared in pairs; the rest only say whether samples are copies. */
const MOST = 2000;
/** Neighbours that a ball of precision and recall reaches to, as Kynkäänniemi et al. have it. */
const NEIGHBOURS = 3;

/** One set of images in the place of samples, one in the place of real images. */
export interface Comparison {
  kid: KernelDistance;
  /** Samples inside the balls around the real images: how many look real. */
  precision: Proportion;
  density: Interval;
  /** Real images inside the balls around the samples: how many could have been drawn. */
  recall: Proportion;
  coverage: Interval;
  /** How many images there are balls around: real ones for precision, samples for recall. */
  balls: { precision: number; recall: number };
  /** The neighbour that a ball reaches to. */
  k: number;
}

export interface GenerationFigures {
  /** Samples against normals that nothing was learnt from. */
  heldOut: Comparison;
  /** Samples against the normals that the generator learnt from. */
  training: Comparison;
  /** Training normals against held-out ones: what samples as good as real images would get against the latter. */
  floor: Comparison;
  memorisation: Memorisation;
  /** What the memorisation's figures call for, null where they call for nothing. */
  warning: string | null;
  /** By which the features were divided: the root of their mean square over the training normals. */
  scale: number;
  /** Says why intervals are too narrow, null where they are not. */
  caution: string | null;
}

export interface FigureOptions {
  /** A row of features an image. */
  samples: readonly Float32Array[];
  training: readonly Float32Array[];
  heldOut: readonly Float32Array[];
  /** The patient or group of each held-out image. */
  heldOutClusters: readonly string[];
  seed: number;
  /** Hundredths of the work that are done; awaited, so that others can work in between. */
  onProgress?(percent: number): void | Promise<void>;
}

/**
 * All figures. Features are divided by the root of their mean square over the training normals, so that the constant in
 * KID's kernel weighs alike whatever the network's units. Recall depends on how many samples have balls: it takes as many
 * of them as there are training normals, so that the floor is what equal distributions would give.
 * Throws STATISTIC_UNSUPPORTED where there are too few images.
 */
export async function generationFigures(options: FigureOptions): Promise<GenerationFigures> {
  const { seed, heldOutClusters, onProgress } = options;
  requireEnough({
    samples: options.samples,
    "training normals": options.training,
    "held-out normals": options.heldOut,
  });
  const scale = rootMeanSquare(options.training);
  const random = new Random(seed, "quality/chosen");
  const pick = (rows: readonly Float32Array[]) =>
    rows.length <= MOST
      ? rows
      : random
          .permutation(rows.length)
          .slice(0, MOST)
          .map((i) => rows[i]);
  const table = (rows: readonly Float32Array[]) => tableOf(rows, scale);
  // Samples are in no order, so the first are as good as any.
  const sets = {
    samples: options.samples.slice(0, MOST),
    training: pick(options.training),
    heldOut: pick(options.heldOut),
  };

  const pairs = (a: keyof typeof sets, b: keyof typeof sets) => (sets[a].length + sets[b].length) ** 2;
  const work = [
    { pairs: pairs("samples", "heldOut"), run: () => compare(sets.samples, sets.heldOut) },
    { pairs: pairs("samples", "training"), run: () => compare(sets.samples, sets.training) },
    { pairs: pairs("training", "heldOut"), run: () => compare(sets.training, sets.heldOut) },
  ];
  const forCopies = (options.samples.length + options.heldOut.length) * options.training.length;
  const all = work.reduce((total, one) => total + one.pairs, forCopies);
  let done = 0;
  const compared: Comparison[] = [];
  for (const one of work) {
    compared.push(one.run());
    done += one.pairs;
    await onProgress?.(Math.round((100 * done) / all));
  }
  const copies = memorisation({
    generated: table(options.samples),
    training: table(options.training),
    heldOut: table(options.heldOut),
    heldOutClusters,
    seed,
  });
  await onProgress?.(100);
  const [heldOut, training, floor] = compared;
  const patients = new Set(heldOutClusters).size;
  return {
    heldOut,
    training,
    floor,
    memorisation: copies,
    warning: warningOf(copies),
    scale,
    caution:
      patients < options.heldOut.length
        ? `The ${options.heldOut.length} held-out normals are of ${patients} patients or groups; intervals of KID, precision and recall count images as independent and are too narrow.`
        : null,
  };

  function compare(drawn: readonly Float32Array[], real: readonly Float32Array[]): Comparison {
    const reals = table(real);
    const generated = table(drawn);
    const around = drawn.slice(0, sets.training.length);
    const wide = precisionRecall({ generated, real: reals, k: NEIGHBOURS });
    const equal =
      around.length === drawn.length ? wide : precisionRecall({ generated: table(around), real: reals, k: NEIGHBOURS });
    return {
      kid: kernelDistance({ generated, real: reals }),
      precision: wide.precision,
      density: wide.density,
      recall: equal.recall,
      coverage: equal.coverage,
      balls: { precision: real.length, recall: around.length },
      k: NEIGHBOURS,
    };
  }
}

function requireEnough(sets: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [name, { length }] of Object.entries(sets)) {
    if (length > NEIGHBOURS) continue;
    throw new HaleError(
      "STATISTIC_UNSUPPORTED",
      `There are ${length} ${name}, too few to compare.`,
      `At least ${NEIGHBOURS + 1} are needed, ten for intervals.`,
    );
  }
}

/** Probability below which samples nearer than all held-out normals are too many to be random. */
const RARE = 0.01;

function warningOf({ superiority, nearerThanAll, nearerThanAllExpected, nearerThanAllChance }: Memorisation) {
  const few = nearerThanAllExpected < 10 ? nearerThanAllExpected.toFixed(1) : nearerThanAllExpected.toFixed(0);
  const nearest = `${nearerThanAll} samples are nearer to a training image than any held-out normal is, where ${few} would be expected`;
  if ((superiority.low ?? 0) > 0.5) {
    return `Samples are nearer to training images than held-out normals are, and ${nearest}: copies, or samples of the commonest images only (then recall is low).`;
  }
  if (nearerThanAllChance < RARE) return `${nearest}: some may be copies.`;
  return null;
}
