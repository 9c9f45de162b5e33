/**
 * @file A detector's network on a device: one raster in; score and its parts, anomaly map, views and, where the method
 * restores images, healthy counterpart out. Needs no card, so that the card's own numbers can be made with it.
 * The contract that it keeps is in outputs.ts.
 */
import { HaleError } from "@hale/core";
import { checkRaster, type Raster, toGrey, toRgb } from "@hale/imaging";
import type { Device, InferenceSession } from "@hale/runtime";
import type { Card } from "./format/card.ts";
import { INPUT, OUTPUTS, PART_PREFIX, REQUIRED_OUTPUTS, underPrefix, VIEW_PREFIX } from "./outputs.ts";
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

/** Devices differ in the order of their sums; a wrong one differs by more. */
const ABSOLUTE_TOLERANCE = 1e-4;
const RELATIVE_TOLERANCE = 1e-2;

export class DetectorModel {
  /** Runs wait for one another: a session in a browser takes one at a time. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
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
  ) {}

  /**
   * Compiles a model that is trusted: made here, or out of `unpackDetector`, which looked through it. `name` is the
   * file, for errors. Throws DETECTOR_CORRUPT or DETECTOR_MISMATCH for a model that
   * does not keep the contract, and DEVICE_UNAVAILABLE.
   */
  static async open(model: Uint8Array, image: ModelImage, device: Device, name = "The model"): Promise<DetectorModel> {
    let session: InferenceSession;
    try {
      session = await device.createSession(model, { outputs: REQUIRED_OUTPUTS });
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
    return new DetectorModel(session, image, device, name, views, parts, OUTPUTS.healthy in outputs);
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
    const tolerance = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(score);
    return { seed, size, expectedScore: score, tolerance };
  }

  /** Frees the session once the runs under way are done. */
  async release(): Promise<void> {
    await this.last;
    await this.session.release();
  }

  private scoresOf(read: ReadOutput, i: number): Scores {
    const parts = this.parts.map((name) => [name, read(PART_PREFIX + name, i)[0]]);
    return { score: read(OUTPUTS.score, i)[0], parts: Object.fromEntries(parts) };
  }

  /**
   * Runs a batch for scores, parts and the outputs named in `wanted`, with their lengths for one image, and gives a reader of
   * what belongs to each image. Runs wait for one another.
   */
  private outputsOf(rasters: readonly Raster[], wanted: Readonly<Record<string, number>>): Promise<ReadOutput> {
    const result = this.last.then(() => this.runNow(rasters, wanted));
    this.last = result.catch(() => {});
    return result;
  }

  private async runNow(rasters: readonly Raster[], wanted: Readonly<Record<string, number>>): Promise<ReadOutput> {
    const { channels } = this.image;
    const [data, height, width] = pixelsOf(rasters, channels);
    const pixels = this.device.tensor(data, [rasters.length, channels, height, width]);
    const expected = { ...lengths([OUTPUTS.score, ...this.parts.map((name) => PART_PREFIX + name)], 1), ...wanted };
    const results = await this.session.run({ [INPUT]: pixels }, Object.keys(expected));
    for (const [output, length] of Object.entries(expected)) {
      const values = results[output].data as Float32Array;
      if (values.length !== rasters.length * length) {
        throw new HaleError(
          "DETECTOR_MISMATCH",
          `The model of ${this.name} gives ${values.length} values as ${output} where its card promises ${rasters.length * length}.`,
          "Export the detector again.",
        );
      }
      if (!values.every(Number.isFinite)) {
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
      return (results[output].data as Float32Array).subarray(i * length, (i + 1) * length);
    };
  }
}

/** What an output says of image `i`. */
type ReadOutput = (output: string, i: number) => Float32Array;

const lengths = (outputs: readonly string[], length: number): Record<string, number> =>
  Object.fromEntries(outputs.map((output) => [output, length]));

/**
 * Rasters of one size as the network takes them: [N, C, H, W], stored values / full scale, in [0, 1], with H and W. Throws
 * SHAPE_MISMATCH for bad rasters and for several sizes.
 */
function pixelsOf(rasters: readonly Raster[], channels: 1 | 3): [Float32Array, height: number, width: number] {
  const { width, height } = rasters[0];
  const area = width * height;
  const pixels = new Float32Array(rasters.length * channels * area);
  for (const [i, raster] of rasters.entries()) {
    checkRaster(raster);
    if (raster.width !== width || raster.height !== height) {
      const fault = `A batch holds images of ${width} × ${height} and of ${raster.width} × ${raster.height} pixels.`;
      throw new HaleError("SHAPE_MISMATCH", fault, "Give images of one size together.");
    }
    const source = channels === 1 ? toGrey(raster) : toRgb(raster);
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * area;
      fillPlane(pixels.subarray(at, at + area), source, c);
    }
  }
  return [pixels, height, width];
}

/** Each 8-bit value / 255, as float32. */
const EIGHT_BITS = Float32Array.from({ length: 256 }, (_, value) => value / 255);

function fillPlane(plane: Float32Array, { data, channels, maxValue }: Raster, channel: number): void {
  const { length } = plane;
  if (data instanceof Uint8Array) {
    for (let i = 0, at = channel; i < length; i++, at += channels) plane[i] = EIGHT_BITS[data[at]];
  } else {
    for (let i = 0, at = channel; i < length; i++, at += channels) plane[i] = data[at] / maxValue;
  }
}
