/**
 * @file A detector's network on a device: one raster in; score and its parts, anomaly map, views and, where the method
 * restores images, healthy counterpart out. Needs no card, so that the card's own numbers can be made with it.
 * The contract that it keeps is in outputs.ts.
 */
import { HaleError } from "@hale/core";
import type { Raster } from "@hale/imaging";
import type { Device, FreeThread, InferenceSession } from "@hale/runtime";
import { type Card, selfCheckTolerance } from "./format/card.ts";
import { INPUT, OUTPUTS, PART_PREFIX, REQUIRED_OUTPUTS, underPrefix, VIEW_PREFIX } from "./outputs.ts";
import { checkBatch, fillPixels } from "./pixels.ts";
import { Runners, sessionRun, threadRun } from "./runners.ts";
import { selfCheckRaster } from "./self-check.ts";

/** One plane of numbers, row-major. */
export interface Plane {
  data: Float32Array;
  /** Pixels. */
  width: number;
  height: number;
}

/** A picture, CHW, values in [-1, 1]. */
export interface Picture extends Plane {
  channels: 1 | 3;
}

/** What the network says of one image. */
export interface Examination {
  /** Higher is more abnormal; the map's mean unless the method has another way. */
  score: number;
  /** How unusual each pixel is, at least 0: where the method restores images, how far from its counterpart. [S, S] */
  anomalyMap: Plane;
  /** The image as it would be if it were healthy; null where the method makes no such picture. [C, S, S] */
  healthy: Picture | null;
  /** The image as the network saw it. [C, S, S] */
  prepared: Picture;
  /** Pictures between image and counterpart, by name; {} for most methods. [C, S, S] each */
  views: Record<string, Picture>;
  /** What the score is made of, or could be, each by itself, by name; {} for most methods. Higher is more abnormal. */
  parts: Record<string, number>;
}

/** An examination without its pictures. */
export type Scores = Pick<Examination, "score" | "parts">;

/** Size and channels that images are prepared to. */
export type ModelImage = Pick<Card["image"], "size" | "channels">;

/**
 * Weights of a matrix that resizes a side, side times size: 128 MB. More than a dozen such arrays are made of each side, so that a
 * picture of few pixels, all in a row, would take a hundred times its own memory.
 */
const MOST_WEIGHTS = 2 ** 25;
/** Arrays for pixels that are kept for the next batches. */
const MOST_SPARE = 4;

export class DetectorModel {
  private runners: Runners;
  private threads: FreeThread[] = [];
  /** Arrays for pixels, of one length. */
  private readonly spare: Float32Array<ArrayBuffer>[] = [];

  private constructor(
    private readonly onnx: Uint8Array,
    private readonly session: InferenceSession,
    readonly image: ModelImage,
    readonly device: Device,
    private readonly name: string,
    /** Names of the views, in the model's order. */
    readonly views: readonly string[],
    /** Names of the score's parts, in the model's order. */
    readonly parts: readonly string[],
    /** Whether it makes a healthy counterpart. */
    readonly counterpart: boolean,
  ) {
    // One at a time: a session in a browser takes no more.
    this.runners = new Runners([sessionRun(session, device)]);
  }

  /**
   * Compiles a model that is trusted: made here, or out of `unpackDetector`, which looked through it. `name` is the
   * file, for errors. Throws DETECTOR_CORRUPT or DETECTOR_MISMATCH for a model that
   * does not keep the contract, and DEVICE_UNAVAILABLE.
   */
  static async open(model: Uint8Array, image: ModelImage, device: Device, name = "The model"): Promise<DetectorModel> {
    let session: InferenceSession;
    try {
      session = await device.createSession(model, { outputs: REQUIRED_OUTPUTS, idleThreadsSleep: true });
    } catch (cause) {
      if (cause instanceof HaleError) throw cause;
      throw new HaleError(
        "DETECTOR_CORRUPT",
        `ONNX Runtime refuses the model of ${name}: ${(cause as Error).message}`,
        "Export the detector again.",
        { cause },
      );
    }
    const inputs = session.inputNames.join();
    if (inputs !== INPUT || REQUIRED_OUTPUTS.some((output) => !session.outputNames.includes(output))) {
      await session.release();
      throw new HaleError(
        "DETECTOR_MISMATCH",
        `The model of ${name} takes ${inputs} and gives ${session.outputNames.join()}, which is not a detector's.`,
        "Export the detector again.",
      );
    }
    const outputs = Object.fromEntries(session.outputNames.map((output) => [output, true]));
    const [views, parts] = ([VIEW_PREFIX, PART_PREFIX] as const).map((prefix) =>
      Object.keys(underPrefix(prefix, outputs)),
    );
    return new DetectorModel(model, session, image, device, name, views, parts, OUTPUTS.healthy in outputs);
  }

  /**
   * Runs one image of any size. RGB becomes grey (Rec. 601) for a grey model, grey becomes three equal planes for an
   * RGB one. Throws SHAPE_MISMATCH for a bad raster and NUMERIC_FAILURE rather than return what is not a number.
   */
  async run(raster: Raster): Promise<Examination> {
    return (await this.runBatch([raster]))[0];
  }

  /** The same for images of one size together: an answer each, which does not depend on the others. */
  async runBatch(rasters: readonly Raster[]): Promise<Examination[]> {
    const { size, channels } = this.image;
    const square = { width: size, height: size };
    const pictures = [
      ...this.views.map((name) => VIEW_PREFIX + name),
      OUTPUTS.prepared,
      ...(this.counterpart ? [OUTPUTS.healthy] : []),
    ];
    const read = await this.outputsOf(rasters, {
      [OUTPUTS.map]: size * size,
      ...lengths(pictures, channels * size * size),
    });
    return rasters.map((_, i) => {
      const picture = (output: string): Picture => ({ ...square, channels, data: read(output, i) });
      return {
        ...this.scoresOf(read, i),
        anomalyMap: { ...square, data: read(OUTPUTS.map, i) },
        healthy: this.counterpart ? picture(OUTPUTS.healthy) : null,
        prepared: picture(OUTPUTS.prepared),
        views: Object.fromEntries(this.views.map((name) => [name, picture(VIEW_PREFIX + name)])),
      };
    });
  }

  /** Scores and parts alone: nothing else is fetched from the device. */
  async scoreBatch(rasters: readonly Raster[]): Promise<Scores[]> {
    const read = await this.outputsOf(rasters, {});
    return rasters.map((_, i) => this.scoresOf(read, i));
  }

  /** Makes the card's self-check: the score of the procedural picture, here and now. */
  async measureSelfCheck(seed = 1, size = 96): Promise<Card["selfCheck"]> {
    const { score } = await this.run(selfCheckRaster(seed, size, this.image.channels));
    return { seed, size, expectedScore: score, tolerance: selfCheckTolerance(score) };
  }

  /** Batches that run at the same time. */
  get parallel(): number {
    return this.runners.count;
  }

  /**
   * Opens threads that run batches from now on, each a session of its own with one thread inside; at most `count`, and none
   * where the device has no such threads. For many images: a thread takes a tenth of a second to start.
   */
  async openThreads(count: number): Promise<void> {
    const { openFreeThread } = this.device;
    if (!openFreeThread || this.threads.length > 0 || count < 1) return;
    this.threads = await Promise.all(Array.from({ length: count }, () => openFreeThread(this.onnx)));
    this.runners = new Runners(this.threads.map(threadRun));
  }

  /** Frees sessions and threads once the runs under way are done. */
  async release(): Promise<void> {
    await this.runners.settled();
    await Promise.all(this.threads.map((thread) => thread.release()));
    await this.session.release();
  }

  /** An array for the pixels of a batch: large ones are used again, since each new one has the kernel find its pages. */
  private emptyPixels(length: number): Float32Array<ArrayBuffer> {
    const at = this.spare.findIndex((array) => array.length === length);
    if (at >= 0) return this.spare.splice(at, 1)[0];
    this.spare.length = 0;
    return new Float32Array(length);
  }

  private scoresOf(read: ReadOutput, i: number): Scores {
    const parts = this.parts.map((name) => [name, read(PART_PREFIX + name, i)[0]]);
    return { score: read(OUTPUTS.score, i)[0], parts: Object.fromEntries(parts) };
  }

  /**
   * Runs a batch for scores, parts and the outputs named in `wanted`, with their lengths for one image, and gives a reader of
   * what belongs to each image.
   */
  private async outputsOf(rasters: readonly Raster[], wanted: Readonly<Record<string, number>>): Promise<ReadOutput> {
    const { channels } = this.image;
    const { width, height } = checkBatch(rasters);
    if (Math.max(width, height) * this.image.size > MOST_WEIGHTS) {
      throw new HaleError(
        "SHAPE_MISMATCH",
        `An image of ${width} × ${height} pixels is too long to be resized to ${this.image.size}.`,
        "Give a part of it.",
      );
    }
    const pixels = this.emptyPixels(rasters.length * channels * height * width);
    fillPixels(pixels, rasters, channels);
    const expected = { ...lengths([OUTPUTS.score, ...this.parts.map((name) => PART_PREFIX + name)], 1), ...wanted };
    const shape = [rasters.length, channels, height, width];
    const { outputs, pixels: back } = await this.runners.run(pixels, shape, Object.keys(expected)).catch((cause) => {
      if (cause instanceof HaleError) throw cause;
      throw new HaleError(
        "SHAPE_MISMATCH",
        `The model of ${this.name} cannot be run on an image of ${width} × ${height} pixels: ${(cause as Error).message}`,
        "Use a smaller image; if that does not help, export the detector again.",
        { cause },
      );
    });
    if (this.spare.length < MOST_SPARE) this.spare.push(back);
    for (const [output, length] of Object.entries(expected)) {
      const values = outputs[output];
      if (values.length !== rasters.length * length) {
        throw new HaleError(
          "DETECTOR_MISMATCH",
          `The model of ${this.name} gives ${values.length} values as ${output} where its card promises ${rasters.length * length}.`,
          "Export the detector again.",
        );
      }
      if (!allFinite(values)) {
        throw new HaleError(
          "NUMERIC_FAILURE",
          `The model of ${this.name} gave values that are not numbers (${output}).`,
          "Use the CPU; if that does not help, export an earlier checkpoint.",
          { setting: "device" },
        );
      }
    }
    return (output, i) => {
      const length = expected[output];
      return outputs[output].subarray(i * length, (i + 1) * length);
    };
  }
}

function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** What an output says of image `i`. */
type ReadOutput = (output: string, i: number) => Float32Array;

const lengths = (outputs: readonly string[], length: number): Record<string, number> =>
  Object.fromEntries(outputs.map((output) => [output, length]));
