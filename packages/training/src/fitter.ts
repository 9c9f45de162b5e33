/**
 * @file The core of a fit: one pass over the normals in their order, a batch at a time, gathering what the method observes of
 * each; then its state of all of that. What was gathered is all that a checkpoint needs. No files here; `node/` has them.
 */
import { type NamedArray, type Shape, State, sizeOf } from "@hale/autodiff";
import { HaleError, joined, Random } from "@hale/core";
import type { FitRecipe, ImageShape, Observed } from "@hale/methods";
import type { Device } from "@hale/runtime";
import { AnswerProgram, IMAGE_BATCH, ImageProgram } from "./image-program.ts";

export interface FitterOptions {
  recipe: FitRecipe;
  shape: ImageShape;
  device: Device;
  seed: number;
  /** [C, S, S] each, in [-1, 1]. */
  normals: readonly Float32Array[];
  /** What `snapshot` gave, to go on from. */
  from?: ReadonlyMap<string, NamedArray>;
}

/** Names of gathered arrays in a snapshot begin so. */
const OBSERVED = "observed/";

export class Fitter {
  private constructor(
    private readonly options: FitterOptions,
    private readonly state: State,
    private readonly observer: ImageProgram,
    /** One array for each normal that was looked at, by name. */
    private readonly gathered: Record<string, Float32Array[]>,
  ) {}

  /** Throws DATASET_EMPTY without normals, and CHECKPOINT_MISMATCH where a snapshot does not fit. */
  static async create(options: FitterOptions): Promise<Fitter> {
    const { recipe, shape, device, normals, from } = options;
    if (normals.length === 0) {
      throw new HaleError("DATASET_EMPTY", "There are no normal images to train on.", "Add some to the train split.");
    }
    // What is gathered is compared with what an exported detector makes of images, which has no other convolutions.
    const state = new State(device, { exact: true });
    state.write(recipe.frozen ?? new Map());
    const observer = await ImageProgram.compile(state, shape, "observe", (x) => recipe.observe(x));
    return new Fitter(options, state, observer, takenApart(observer.shapes, normals.length, from));
  }

  /** Normals looked at so far. */
  get done(): number {
    return Object.values(this.gathered)[0].length;
  }

  /** Normals to look at. */
  get total(): number {
    return this.options.normals.length;
  }

  /**
   * Looks at the next normals, up to the end of their batch or number `until`. Batches have the same images in every run,
   * wherever one stops, so that each observation has the same bits. Throws NUMERIC_FAILURE for one that is not finite.
   */
  async advance(until = this.total): Promise<void> {
    const { done } = this;
    const first = done - (done % IMAGE_BATCH);
    const end = Math.min(first + IMAGE_BATCH, this.total, until);
    const seen = await this.observer.run(this.options.normals.slice(first, first + IMAGE_BATCH));
    for (const [name, rows] of Object.entries(seen)) {
      const fresh = rows.slice(done - first, end - first);
      const odd = fresh.findIndex((row) => !row.every(Number.isFinite));
      if (odd >= 0) {
        throw new HaleError(
          "NUMERIC_FAILURE",
          `What the method observes of normal ${done + odd + 1} (${name}) is not finite.`,
          "Look at that image, or train with other options.",
        );
      }
      this.gathered[name].push(...fresh);
    }
  }

  /** Looks at the first batch and forgets it: returns seconds per normal, so that the time can be told before. */
  async rehearse(): Promise<number> {
    const batch = this.options.normals.slice(0, IMAGE_BATCH);
    // The first run warms up.
    await this.observer.run(batch);
    const started = performance.now();
    await this.observer.run(batch);
    return (performance.now() - started) / 1000 / batch.length;
  }

  /** What was gathered so far. */
  get observed(): Observed {
    return this.gathered;
  }

  /** What was gathered so far, as arrays [normals, ...]. */
  snapshot(): Map<string, NamedArray> {
    const { shapes } = this.observer;
    return new Map(
      Object.entries(this.gathered).map(([name, rows]): [string, NamedArray] => {
        return [OBSERVED + name, { shape: [rows.length, ...shapes[name]], data: joined(rows) }];
      }),
    );
  }

  /** The method's state of what was gathered so far: the same in every run of one seed. Throws NUMERIC_FAILURE. */
  async settle(): Promise<ReadonlyMap<string, NamedArray>> {
    const { recipe, seed } = this.options;
    const settled = await recipe.settle(this.gathered, new Random(seed, "settle"));
    for (const [name, { data }] of settled) {
      if (data.every(Number.isFinite)) continue;
      throw new HaleError(
        "NUMERIC_FAILURE",
        `What the method makes of the normals (${name}) is not finite.`,
        "Look at the images, or train with other options.",
      );
    }
    return settled;
  }

  /** The answers with a state that `settle` gave. To be released. */
  answers(settled: ReadonlyMap<string, NamedArray>): Promise<AnswerProgram> {
    const { recipe, shape } = this.options;
    this.state.write(settled);
    return AnswerProgram.compile(this.state, shape, recipe.inference(settled));
  }

  async release(): Promise<void> {
    await this.observer.release();
    this.state.dispose();
  }
}

/** Gathered rows of a snapshot; empty lists without one. */
function takenApart(
  shapes: Readonly<Record<string, Shape>>,
  total: number,
  from?: ReadonlyMap<string, NamedArray>,
): Record<string, Float32Array[]> {
  const counts = new Set<number>();
  const rows = Object.entries(shapes).map(([name, shape]) => {
    const array = from?.get(OBSERVED + name);
    const length = sizeOf(shape);
    const count = array ? array.data.length / length : 0;
    if (from && (!array || array.shape.slice(1).join() !== shape.join())) throw misfit(name);
    counts.add(count);
    return [name, Array.from({ length: count }, (_, i) => array!.data.slice(i * length, (i + 1) * length))] as const;
  });
  if (counts.size !== 1 || Math.max(...counts) > total) throw misfit("the number of normals");
  return Object.fromEntries(rows);
}

const misfit = (what: string) =>
  new HaleError(
    "CHECKPOINT_MISMATCH",
    `The checkpoint does not fit this method and its options: ${what} is missing or of another size.`,
    "Resume with the options that the run was started with.",
  );
