/**
 * @file The core of learning by gradient: state, programs, and one iteration after another. Everything random is a function
 * of seed and iteration, so that state and iteration number are all that a checkpoint needs. No files here; `node/` has
 * them.
 */
import { compileStep, type NamedArray, Program, State, type TrainingStep } from "@hale/autodiff";
import { HaleError, Random } from "@hale/core";
import type { DrawImages, GradientRecipe, ImageShape } from "@hale/methods";
import type { Device } from "@hale/runtime";
import { imageDrawer, type TrainingImages } from "./draw-images.ts";
import { firstState, type Inherited } from "./first-state.ts";
import { ImageGenerator } from "./image-generator.ts";
import { AnswerProgram, ImageProgram, type Restorations } from "./image-program.ts";

export interface TrainerOptions {
  recipe: GradientRecipe;
  shape: ImageShape;
  device: Device;
  seed: number;
  iterations: number;
  images: TrainingImages;
  /** Leaves out the convolutions that are faster and round more (autodiff's `Numerics`). */
  exact?: boolean;
  /** Arrays of another run to begin with: those whose names begin with a prefix. */
  inherited?: Inherited;
  /** State and iteration of a checkpoint, to go on from. */
  from?: { iteration: number; arrays: ReadonlyMap<string, NamedArray> };
}

export class Trainer {
  /** Compiled when first asked for. */
  private gallery: Program | null = null;
  private observer: ImageProgram | null = null;
  private drawing: ImageGenerator | null = null;

  private constructor(
    private readonly options: TrainerOptions,
    readonly state: State,
    private readonly programs: ReadonlyMap<string, Program | TrainingStep>,
    private readonly answers: AnswerProgram,
    private readonly draw: (iteration: number) => DrawImages,
    private done: number,
  ) {}

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { recipe, shape, device, seed, images, exact, inherited, from } = options;
    if (images.normals.length === 0) {
      throw new HaleError("DATASET_EMPTY", "There are no normal images to train on.", "Add some to the train split.");
    }
    const state = new State(device, { exact });
    state.write(firstState(recipe, seed, from?.arrays, inherited));

    const programs = new Map<string, Program | TrainingStep>();
    for (const spec of recipe.programs) {
      programs.set(spec.name, await ("trace" in spec ? compileStep(state, spec) : Program.compile(state, spec)));
    }
    const answers = await AnswerProgram.compile(state, shape, recipe);
    return new Trainer(options, state, programs, answers, imageDrawer(images, seed, recipe), from?.iteration ?? 0);
  }

  /** Iterations done so far. */
  get iteration(): number {
    return this.done;
  }

  /** Does the next iteration and returns its losses. Throws NUMERIC_FAILURE when one is not finite. */
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
  restore(images: readonly Float32Array[]): Promise<Restorations> {
    return this.answers.answer(images);
  }

  /** Works out what the score needs to know of held-out normals, with the present weights. */
  async calibrate(normals: readonly Float32Array[]): Promise<void> {
    const { recipe, shape } = this.options;
    if (!recipe.calibration || normals.length === 0) return;
    const { observe, settle } = recipe.calibration;
    this.observer ??= await ImageProgram.compile(this.state, shape, "calibration", observe);
    this.state.write(settle(await this.observer.run(normals)));
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
    await this.answers.release();
    await this.gallery?.release();
    await this.observer?.release();
    await this.drawing?.release();
    this.state.dispose();
  }
}
