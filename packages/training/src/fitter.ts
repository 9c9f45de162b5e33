/**
 * @file The core of a fit: one pass over the normals in their order, a batch at a time, gathering what the method observes of
 * each; then its state of all of that. What was gathered is all that a checkpoint needs. No files here; `node/` has them.
 */
import { type NamedArray, State } from "@hale/autodiff";
import { HaleError, Random } from "@hale/core";
import type { FitRecipe, ImageShape, Observed } from "@hale/methods";
import type { Device } from "@hale/runtime";
import { type Gathered, GatheredRows, GatheredSums } from "./gathered.ts";
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

export class Fitter {
  private constructor(
    private readonly options: FitterOptions,
    private readonly state: State,
    private readonly observer: ImageProgram,
    private readonly gathered: Gathered,
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
    const gathered = recipe.gathering
      ? new GatheredSums(recipe.gathering, options.seed, normals.length, from)
      : new GatheredRows(observer.shapes, normals.length, from);
    return new Fitter(options, state, observer, gathered);
  }

  /** Normals looked at so far. */
  get done(): number {
    return this.gathered.done;
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
    const fresh = Object.entries(seen).map(([name, rows]) => [name, rows.slice(done - first, end - first)] as const);
    for (const [name, rows] of fresh) {
      const odd = rows.findIndex((row) => !row.every(Number.isFinite));
      if (odd >= 0) {
        throw new HaleError(
          "NUMERIC_FAILURE",
          `What the method observes of normal ${done + odd + 1} (${name}) is not finite.`,
          "Look at that image, or train with other options.",
        );
      }
    }
    for (let i = 0; i < end - done; i++)
      this.gathered.add(Object.fromEntries(fresh.map(([name, rows]) => [name, rows[i]])));
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
    return this.gathered.observed;
  }

  /** What was gathered so far, as arrays. */
  snapshot(): Map<string, NamedArray> {
    return this.gathered.snapshot();
  }

  /** The method's state of what was gathered so far: the same in every run of one seed. Throws NUMERIC_FAILURE. */
  async settle(): Promise<ReadonlyMap<string, NamedArray>> {
    const { recipe, seed } = this.options;
    const settled = await recipe.settle(this.observed, new Random(seed, "settle"));
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
