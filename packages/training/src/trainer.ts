/**
 * @file The loop's core: state, programs, and one iteration after another. Everything random is a function of seed and
 * iteration, so that state and iteration number are all that a checkpoint needs. No files here; `node/` has them.
 */
import { compileStep, input, type NamedArray, Program, State, type TrainingStep } from "@hale/autodiff";
import { HaleError, joined, Random } from "@hale/core";
import { PART_PREFIX, underPrefix, VIEW_PREFIX } from "@hale/detector";
import { answersTo, type DrawImages, type DrawnImages, type GradientRecipe, type ImageShape } from "@hale/methods";
import type { Device } from "@hale/runtime";
import { firstState, type Inherited } from "./first-state.ts";
import { ImageGenerator } from "./image-generator.ts";
import { Sampler } from "./sampler.ts";

/** Images that a run learns from, each [C, S, S] in [-1, 1]. */
export interface TrainingImages {
  normals: readonly Float32Array[];
  unlabelled: readonly Float32Array[];
}

export interface TrainerOptions {
  recipe: GradientRecipe;
  shape: ImageShape;
  device: Device;
  seed: number;
  iterations: number;
  images: TrainingImages;
  /** Arrays of another run to begin with: those whose names begin with a prefix. */
  inherited?: Inherited;
  /** State and iteration of a checkpoint, to go on from. */
  from?: { iteration: number; arrays: ReadonlyMap<string, NamedArray> };
}

/** What a detector would answer, for a list of images. */
export interface Restorations {
  scores: Float32Array;
  /** [C, S, S] each; none for a method without counterparts. */
  healthy: Float32Array[];
  /** [1, S, S] each. */
  maps: Float32Array[];
  /** [C, S, S] each, by the view's name. */
  views: Record<string, Float32Array[]>;
  /** One number an image, by the name of the score's part. */
  parts: Record<string, Float32Array>;
}

/** Images per run of the scoring program. Any method scores an image alike in every batch. */
const SCORE_BATCH = 8;

export class Trainer {
  /** Compiled when first asked for. */
  private gallery: Program | null = null;
  private observer: Program | null = null;
  private drawing: ImageGenerator | null = null;

  private constructor(
    private readonly options: TrainerOptions,
    readonly state: State,
    private readonly programs: ReadonlyMap<string, Program | TrainingStep>,
    private readonly scorer: Program,
    private readonly draw: (iteration: number) => DrawImages,
    private done: number,
  ) {}

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { recipe, shape, device, seed, images, inherited, from } = options;
    if (images.normals.length === 0) {
      throw new HaleError("DATASET_EMPTY", "There are no normal images to train on.", "Add some to the train split.");
    }
    const state = new State(device);
    state.write(firstState(recipe, seed, from?.arrays, inherited));

    const programs = new Map<string, Program | TrainingStep>();
    for (const spec of recipe.programs) {
      programs.set(spec.name, await ("trace" in spec ? compileStep(state, spec) : Program.compile(state, spec)));
    }
    const x = input("x", [SCORE_BATCH, shape.channels, shape.size, shape.size]);
    const scorer = await Program.compile(state, { name: "score", outputs: answersTo(recipe, x) });

    const samplers = {
      normal: new Sampler(images.normals.length, seed, "normal"),
      unlabelled: images.unlabelled.length > 0 ? new Sampler(images.unlabelled.length, seed, "unlabelled") : null,
    };
    const companions = new Map<number, Float32Array>();
    const companionOf = (index: number): Float32Array => {
      const known = companions.get(index);
      if (known) return known;
      const made = recipe.companion!(images.normals[index]);
      companions.set(index, made);
      return made;
    };
    const gather = (pool: readonly Float32Array[], indices: readonly number[]): DrawnImages => ({
      images: joined(indices.map((index) => pool[index])),
      indices,
      companions: joined(pool === images.normals && recipe.companion ? indices.map(companionOf) : []),
    });
    const draw = (iteration: number): DrawImages => {
      return (kind: "normal" | "unlabelled" | "unlike", what: number | readonly number[]) => {
        if (typeof what !== "number") {
          const random = new Random(seed, `unlike/${iteration}`);
          const count = images.normals.length;
          const others = what.map((index) => {
            const other = random.integer(0, Math.max(1, count - 1));
            return count > 1 && other >= index ? other + 1 : other;
          });
          return gather(images.normals, others);
        }
        const sampler = kind === "unlabelled" ? samplers.unlabelled : samplers.normal;
        if (!sampler) {
          throw new HaleError(
            "DATASET_INVALID",
            "This method learns from unlabelled images too, and the data set has none.",
            "Add an unlabelled/ folder, or rows with an empty label.",
          );
        }
        const pool = kind === "unlabelled" ? images.unlabelled : images.normals;
        return gather(pool, sampler.indices((iteration - 1) * what, what));
      };
    };
    return new Trainer(options, state, programs, scorer, draw, from?.iteration ?? 0);
  }

  /** Iterations done so far. */
  get iteration(): number {
    return this.done;
  }

  /** Does the next iteration and returns its losses. Throws NUMERIC_FAILURE when one is not a number. */
  async step(): Promise<Record<string, number>> {
    const { recipe, seed, iterations } = this.options;
    const iteration = this.done + 1;
    const losses = await recipe.step({
      iteration,
      iterations,
      normals: this.options.images.normals.length,
      draw: this.draw(iteration),
      random: (name) => new Random(seed, `${name}/${iteration}`),
      run: (name, inputs) => this.programs.get(name)!.run(inputs),
    });
    for (const [name, value] of Object.entries(losses)) {
      if (!Number.isFinite(value)) {
        throw new HaleError(
          "NUMERIC_FAILURE",
          `Training diverged: ${name} is ${value} at iteration ${iteration}.`,
          "Lower the learning rate, or resume from an earlier checkpoint.",
        );
      }
    }
    this.done = iteration;
    return losses;
  }

  /**
   * Does a few iterations and undoes them: returns seconds an iteration, and leaves the process at its peak memory, so
   * that both can be told before a run starts.
   */
  async rehearse(rounds = 4): Promise<number> {
    const before = await this.state.read();
    const done = this.done;
    let started = performance.now();
    for (let i = 0; i < rounds; i++) {
      // The first half warms up.
      if (i === rounds / 2) started = performance.now();
      await this.step();
    }
    const seconds = (performance.now() - started) / 1000 / (rounds / 2);
    this.state.write(before);
    this.done = done;
    return seconds;
  }

  /** Restores and scores images with the present weights. */
  async restore(images: readonly Float32Array[]): Promise<Restorations> {
    const { score = [], map = [], healthy = [], ...others } = await imageByImage(this.scorer, images);
    const single = ([value]: Float32Array) => value;
    const parts = Object.entries(underPrefix(PART_PREFIX, others));
    return {
      scores: Float32Array.from(score, single),
      healthy,
      maps: map,
      views: underPrefix(VIEW_PREFIX, others),
      parts: Object.fromEntries(parts.map(([name, values]) => [name, Float32Array.from(values, single)])),
    };
  }

  /** Works out what the score needs to know of held-out normals, with the present weights. */
  async calibrate(normals: readonly Float32Array[]): Promise<void> {
    const { recipe, shape } = this.options;
    if (!recipe.calibration || normals.length === 0) return;
    if (!this.observer) {
      const x = input("x", [SCORE_BATCH, shape.channels, shape.size, shape.size]);
      const outputs = recipe.calibration.observe(x);
      this.observer = await Program.compile(this.state, { name: "calibration", outputs });
    }
    this.state.write(recipe.calibration.settle(await imageByImage(this.observer, normals)));
  }

  /** What the method shows of its present state, by name: pictures [C, S, S]. Empty where it has nothing to show. */
  async galleries(): Promise<Record<string, Float32Array[]>> {
    const { recipe, shape } = this.options;
    if (!this.gallery) {
      const outputs = recipe.galleries?.() ?? {};
      if (Object.keys(outputs).length === 0) return {};
      this.gallery = await Program.compile(this.state, { name: "gallery", outputs });
    }
    const length = shape.channels * shape.size * shape.size;
    const split = (all: Float32Array) =>
      Array.from({ length: all.length / length }, (_, i) => all.slice(i * length, (i + 1) * length));
    return Object.fromEntries(Object.entries(await this.gallery.run()).map(([name, all]) => [name, split(all)]));
  }

  /** What draws images from random numbers with the present weights; null where the method has no such generator. */
  async generator(): Promise<ImageGenerator | null> {
    const { generator } = this.options.recipe;
    if (!this.drawing && generator) this.drawing = await ImageGenerator.compile(this.state, generator);
    return this.drawing;
  }

  /** Everything that a checkpoint needs besides the options. */
  async snapshot(): Promise<{ iteration: number; arrays: Map<string, NamedArray> }> {
    return { iteration: this.done, arrays: await this.state.read() };
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await program.release();
    await this.scorer.release();
    await this.gallery?.release();
    await this.observer?.release();
    await this.drawing?.release();
    this.state.dispose();
  }
}

/** Runs a program of `x` on images, a batch at a time: of each output one array an image. */
async function imageByImage(
  program: Program,
  images: readonly Float32Array[],
): Promise<Record<string, Float32Array[]>> {
  const answers: Record<string, Float32Array[]> = {};
  for (let start = 0; start < images.length; start += SCORE_BATCH) {
    const part = images.slice(start, start + SCORE_BATCH);
    const x = new Float32Array(SCORE_BATCH * part[0].length);
    x.set(joined(part));
    for (const [name, all] of Object.entries(await program.run({ x }))) {
      const length = all.length / SCORE_BATCH;
      answers[name] ??= [];
      part.forEach((_, i) => {
        answers[name].push(all.slice(i * length, (i + 1) * length));
      });
    }
  }
  return answers;
}
