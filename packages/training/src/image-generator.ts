/**
 * @file Images that a method's generator draws, a few at a time, with the weights that a state holds now. Each image is a
 * function of those weights, a seed, a stream's name and its number, so that it can be drawn again alone.
 */
import { input, maximum, minimum, Program, type Shape, type State, sizeOf, type Tensor } from "@hale/autodiff";
import { joined, Random } from "@hale/core";
import type { Generator } from "@hale/methods";

/** Images a run of the programs. */
const BATCH = 8;

/** Which random numbers: everything that is drawn follows from it. */
export interface Stream {
  seed: number;
  name: string;
}

export class ImageGenerator {
  /** Draws with noise; compiled when first asked for. */
  private noisy: Program | null = null;

  private constructor(
    private readonly state: State,
    private readonly generator: Generator,
    private readonly codeShape: Shape,
    private readonly coder: Program,
    private readonly plain: Program,
  ) {}

  /** The state must hold all that the generator reads before images are drawn. */
  static async compile(state: State, generator: Generator): Promise<ImageGenerator> {
    const code = generator.code(input("z", [BATCH, generator.latent]));
    const coder = await Program.compile(state, { name: "code", outputs: { code } });
    const images = picture(generator.draw(input("code", code.shape)));
    const plain = await Program.compile(state, { name: "draw", outputs: { images } });
    return new ImageGenerator(state, generator, code.shape.slice(1), coder, plain);
  }

  /** Images number `from` to `from + count` of a stream, [C, S, S] each, with noise of their own, as in training. */
  async samples({ seed, name }: Stream, from: number, count: number): Promise<Float32Array[]> {
    const noise = Object.entries(this.generator.noise);
    const drawn = Array.from({ length: count }, (_, i) => {
      const random = new Random(seed, `${name}/${from + i}`);
      const z = random.normals(this.generator.latent);
      return { z, noise: noise.map(([, shape]) => random.normals(sizeOf(shape))) };
    });
    const codes = await this.codes(drawn.map(({ z }) => z));
    if (noise.length === 0) return this.draw(codes);
    const program = await this.noisyProgram();
    return inBatches(codes, sizeOf(this.codeShape), BATCH, async (code, first) => {
      const ofBatch = noise.map(([name, shape], n): [string, Float32Array] => {
        return [
          name,
          padded(
            drawn.slice(first, first + BATCH).map((one) => one.noise[n]),
            sizeOf(shape),
            BATCH,
          ),
        ];
      });
      return (await program.run({ code, ...Object.fromEntries(ofBatch) })).images;
    });
  }

  /** The same latents without noise of their own: pictures that can be compared from one iteration to the next. */
  async pictures(stream: Stream, count: number): Promise<Float32Array[]> {
    return this.draw(await this.codes(this.latents(stream, count)));
  }

  /** For each pair of latents `steps` pictures on the straight way between their codes, both ends included. */
  async interpolations(stream: Stream, pairs: number, steps: number): Promise<Float32Array[]> {
    const ends = await this.codes(this.latents(stream, 2 * pairs));
    const codes = Array.from({ length: pairs * steps }, (_, i) => {
      const pair = Math.floor(i / steps);
      const share = steps > 1 ? (i % steps) / (steps - 1) : 0;
      const [from, to] = [ends[2 * pair], ends[2 * pair + 1]];
      return from.map((value, j) => value + share * (to[j] - value));
    });
    return this.draw(codes);
  }

  async release(): Promise<void> {
    await this.coder.release();
    await this.plain.release();
    await this.noisy?.release();
  }

  private latents({ seed, name }: Stream, count: number): Float32Array[] {
    return Array.from({ length: count }, (_, i) => new Random(seed, `${name}/${i}`).normals(this.generator.latent));
  }

  private codes(latents: readonly Float32Array[]): Promise<Float32Array[]> {
    return inBatches(latents, this.generator.latent, BATCH, async (z) => (await this.coder.run({ z })).code);
  }

  private draw(codes: readonly Float32Array[]): Promise<Float32Array[]> {
    return inBatches(codes, sizeOf(this.codeShape), BATCH, async (code) => (await this.plain.run({ code })).images);
  }

  private async noisyProgram(): Promise<Program> {
    if (!this.noisy) {
      const shapes = Object.entries(this.generator.noise);
      const noise = Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, [BATCH, ...shape])]));
      const images = picture(this.generator.draw(input("code", [BATCH, ...this.codeShape]), noise));
      this.noisy = await Program.compile(this.state, { name: "draw with noise", outputs: { images } });
    }
    return this.noisy;
  }
}

/** Values beyond [-1, 1] as a file of pixels would hold them: what lies outside black and white cannot be seen. */
const picture = (images: Tensor) => maximum(minimum(images, 1), -1);

/** Runs rows of `width` numbers a batch at a time and takes the results apart again. */
export async function inBatches(
  rows: readonly Float32Array[],
  width: number,
  batch: number,
  run: (rows: Float32Array, first: number) => Promise<Float32Array>,
): Promise<Float32Array[]> {
  const results: Float32Array[] = [];
  for (let first = 0; first < rows.length; first += batch) {
    const part = rows.slice(first, first + batch);
    const all = await run(padded(part, width, batch), first);
    const length = all.length / batch;
    part.forEach((_, i) => {
      results.push(all.slice(i * length, (i + 1) * length));
    });
  }
  return results;
}

/** Rows one after the other, zeros up to a whole batch. */
function padded(rows: readonly Float32Array[], width: number, batch: number): Float32Array {
  return joined([...rows, new Float32Array((batch - rows.length) * width)]);
}
