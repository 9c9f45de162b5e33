/**
 * @file The toy run of a method as a whole, on drawn discs: does all of it together learn? One seed a call, its rows go to
 * `results/toy.csv`. Sizes and iterations were chosen on seeds from 101 on; the rows are of others.
 */
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { methodNamed } from "@hale/methods";
import { openDevice } from "@hale/runtime/node";
import { clusteredIntervals, mean, standardDeviation } from "@hale/statistics";
import { Trainer } from "@hale/training";
import { addRows, four, type Row } from "./accuracy.ts";
import { discImages, SIDE } from "./discs.ts";

const COLUMNS = "method,seed,quantity,kimg,steps,n,value,low,high,wanted,met,seconds,command".split(",");

/** What is the method's own stays as published or as hale has it by default: weights of losses, rates of the generator, ADA. */
const OPTIONS = { latent: 32, base: 256, maxChannels: 16, batch: 8, encoderWidth: 8, encoderRate: 2e-3 };
/** Iterations of either stage. */
export const BUDGET = { generator: 1000, encoder: 1600 };
const COUNTS = { train: 1000, calibration: 100, normal: 200, abnormal: 200 };

/** Iterations over which the sign is averaged, again and again: 800 images, or 25 adjustments of ADA. */
const WINDOW = 100;

/** A quantity's value, between what it may lie, and where it has to lie, from the method's document. */
interface Figure {
  quantity: string;
  n: number;
  value: number;
  low?: number | null;
  high?: number | null;
  wanted?: readonly [low: number, high: number];
  /** Whether the whole of `low` to `high` has to lie there. */
  all?: boolean;
}

/** Mean absolute difference, of values in [-1, 1]. */
const distance = (a: Float32Array, b: Float32Array) => mean(a.map((v, i) => Math.abs(v - b[i])));

const distances = (images: readonly Float32Array[], from: Float32Array) => images.map((image) => distance(image, from));

export interface ToyOptions {
  seed: number;
  threads: number;
  /** Iterations of the generator, a multiple of 200, and of the encoder. */
  generator: number;
  encoder: number;
}

export async function benchToy(name: string, { seed, threads, generator, encoder }: ToyOptions): Promise<void> {
  if (name !== "hq-anogan") {
    throw new HaleError("OPTION_INVALID", `There is no toy run of ${name}.`, "There is one of hq-anogan.");
  }
  if (generator % (2 * WINDOW) !== 0) {
    throw new HaleError(
      "OPTION_INVALID",
      `Half of ${generator} iterations are no whole windows of ${WINDOW}.`,
      `Take a multiple of ${2 * WINDOW}.`,
    );
  }
  const method = methodNamed(name);
  const shape = { size: SIDE, channels: 1 } as const;
  const iterations = generator + encoder;
  const recipe = method.create(method.options.parse({ ...OPTIONS, generatorShare: generator / iterations }), shape);
  // Numbers do not overlap: no image is in two of these.
  const normals = discImages(seed, "normal", COUNTS.train);
  const calibration = discImages(seed, "normal", COUNTS.calibration, 10_000);
  const heldOut = discImages(seed, "normal", COUNTS.normal, 20_000);
  const abnormal = discImages(seed, "abnormal", COUNTS.abnormal);

  const device = await openDevice({ threads });
  if (recipe.learning !== "gradient") throw new RangeError(`${name} does not learn by steps.`);
  const trainer = await Trainer.create({
    recipe,
    shape,
    device,
    seed,
    iterations,
    images: { normals, unlabelled: [] },
  });
  // What learning is worth: the same networks with their first weights.
  await trainer.calibrate(calibration);
  const [goodBefore, badBefore] = [await trainer.restore(heldOut), await trainer.restore(abnormal)];
  const started = performance.now();
  const signs: number[] = [];
  let augmentation = 0;
  while (trainer.iteration < iterations) {
    const losses = await trainer.step();
    if ("discriminator/sign" in losses) signs.push(losses["discriminator/sign"]);
    augmentation = losses["augmentation/p"] ?? augmentation;
    if (trainer.iteration % 100 === 0) console.error(`seed ${seed}: ${trainer.iteration}/${iterations}`);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  await trainer.calibrate(calibration);
  const good = await trainer.restore(heldOut);
  const bad = await trainer.restore(abnormal);
  await trainer.release();

  const later = signs.slice(signs.length / 2);
  const windows = Array.from({ length: later.length / WINDOW }, (_, i) =>
    mean(later.slice(i * WINDOW, (i + 1) * WINDOW)),
  );
  const l1 = (quantity: string, images: readonly Float32Array[], others: (i: number) => Float32Array): Figure => {
    const values = images.map((image, i) => distance(image, others(i)));
    const half = (1.96 * standardDeviation(values)) / Math.sqrt(values.length);
    return { quantity, n: values.length, value: mean(values), low: mean(values) - half, high: mean(values) + half };
  };
  const auroc = (quantity: string, ofNormals: ArrayLike<number>, ofAbnormals: ArrayLike<number>): Figure => {
    const scores = [...Array.from(ofNormals), ...Array.from(ofAbnormals)];
    const { intervals } = clusteredIntervals({
      scores,
      labels: scores.map((_, i) => Number(i >= ofNormals.length)),
      clusters: scores.map((_, i) => `${i}`),
      metrics: ["auroc"],
      seed: 1,
    });
    const { estimate, low, high } = intervals.auroc;
    return { quantity, n: scores.length, value: estimate, low, high };
  };
  const average = heldOut[0].map((_, k) => mean(normals.map((image) => image[k])));
  const figures: Figure[] = [
    {
      quantity: "sign of D on reals",
      n: later.length * OPTIONS.batch,
      value: mean(later),
      low: Math.min(...windows),
      high: Math.max(...windows),
      wanted: [0.3, 0.9],
      all: true,
    },
    { quantity: "p of ADA at the end", n: signs.length * OPTIONS.batch, value: augmentation },
    { ...l1("L1 of normals", heldOut, (i) => good.healthy[i]), wanted: [0, 0.05] },
    l1("L1 of abnormals", abnormal, (i) => bad.healthy[i]),
    l1("L1 of normals untrained", heldOut, (i) => goodBefore.healthy[i]),
    l1("L1 of normals by the mean image", heldOut, () => average),
    { ...auroc("AUROC", good.scores, bad.scores), wanted: [0.9, 1] },
    auroc("AUROC untrained", goodBefore.scores, badBefore.scores),
    auroc("AUROC of the distance to the mean image", distances(heldOut, average), distances(abnormal, average)),
    ...Object.keys(good.parts).map((part) => auroc(`AUROC of ${part} alone`, good.parts[part], bad.parts[part])),
  ];
  const usual = generator === BUDGET.generator && encoder === BUDGET.encoder;
  const budget = usual ? "" : ` --generator ${generator} --encoder ${encoder}`;
  const rows = figures.map(({ quantity, n, value, low, high, wanted, all }): Row => {
    const lies = (v: number) => wanted !== undefined && v > wanted[0] && v < wanted[1];
    const met = lies(value) && (!all || (lies(low!) && lies(high!)));
    return {
      method: name,
      seed,
      quantity,
      kimg: (generator * OPTIONS.batch) / 1000,
      steps: encoder,
      n,
      value: four(value),
      low: four(low ?? null),
      high: four(high ?? null),
      wanted: wanted ? `${wanted[0]} to ${wanted[1]}` : "",
      met: wanted ? (met ? "yes" : "no") : "",
      seconds,
      command: `npm run bench -- toy ${name} --seed ${seed} --threads ${threads}${budget}`,
    };
  });
  await addRows(join("results", "toy.csv"), rows, COLUMNS);
  for (const row of rows)
    console.log(
      COLUMNS.slice(1, -2)
        .map((column) => row[column])
        .join(" "),
    );
}
