/** @file Programs that take images, a batch at a time: the answers of a method, or what it observes of each image. */
import { input, Program, type Shape, type State, type Tensor } from "@hale/autodiff";
import { joined } from "@hale/core";
import { PART_PREFIX, underPrefix, VIEW_PREFIX } from "@hale/detector";
import { answersTo, type ImageShape, type Inference } from "@hale/methods";

/** Images per run. Any method treats an image alike in every batch. */
export const IMAGE_BATCH = 8;

/** A program of `x` [8, C, S, S] over a state, whose outputs have one row for each image. */
export class ImageProgram {
  private constructor(
    private readonly program: Program,
    /** Of each output for one image, by name. */
    readonly shapes: Readonly<Record<string, Shape>>,
  ) {}

  /** The state must hold all that `outputs` reads before images are given. */
  static async compile(
    state: State,
    { size, channels }: ImageShape,
    name: string,
    outputs: (x: Tensor) => Readonly<Record<string, Tensor>>,
  ): Promise<ImageProgram> {
    const tensors = outputs(input("x", [IMAGE_BATCH, channels, size, size]));
    const shapes = Object.entries(tensors).map(([key, { shape }]) => [key, shape.slice(1)]);
    return new ImageProgram(await Program.compile(state, { name, outputs: tensors }), Object.fromEntries(shapes));
  }

  /** Of each output one array for each image [C, S, S], in the order of the images; {} for no images. */
  async run(images: readonly Float32Array[]): Promise<Record<string, Float32Array[]>> {
    const answers: Record<string, Float32Array[]> = {};
    for (let start = 0; start < images.length; start += IMAGE_BATCH) {
      const part = images.slice(start, start + IMAGE_BATCH);
      const x = new Float32Array(IMAGE_BATCH * part[0].length);
      x.set(joined(part));
      for (const [name, all] of Object.entries(await this.program.run({ x }))) {
        const length = all.length / IMAGE_BATCH;
        answers[name] ??= [];
        part.forEach((_, i) => {
          answers[name].push(all.slice(i * length, (i + 1) * length));
        });
      }
    }
    return answers;
  }

  release(): Promise<void> {
    return this.program.release();
  }
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
  /** One number for each image, by the name of the score's part. */
  parts: Record<string, Float32Array>;
}

/** The answers of a method with the state that it has now. */
export class AnswerProgram {
  private constructor(private readonly program: ImageProgram) {}

  static async compile(state: State, shape: ImageShape, inference: Inference): Promise<AnswerProgram> {
    return new AnswerProgram(await ImageProgram.compile(state, shape, "score", (x) => answersTo(inference, x)));
  }

  /** Scores images [C, S, S] and what else the method answers. */
  async answer(images: readonly Float32Array[]): Promise<Restorations> {
    const { score = [], map = [], healthy = [], ...others } = await this.program.run(images);
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

  release(): Promise<void> {
    return this.program.release();
  }
}
