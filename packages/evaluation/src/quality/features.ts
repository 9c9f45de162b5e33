/**
 * @file Named features of frozen networks, by which generated and real images are compared. The discriminator that
 * trained a generator is no such network: the generator has learnt to satisfy it.
 */
import { constant, input, linear, Program, reshape, State, type Tensor } from "@hale/autodiff";
import { HaleError, joined } from "@hale/core";
import { resizePlane } from "@hale/imaging";
import { type Backbone, FeatureNetwork, type ImageShape } from "@hale/methods";
import type { Device } from "@hale/runtime";
import type { Features } from "@hale/statistics";
import { inBatches } from "@hale/training";
import { RANDOM_NETWORK, randomNetwork } from "./random-network.ts";

/** Images a run of the network. */
const BATCH = 8;
/** Means of random features are taken over quarters of the image: over all of it they hardly tell up from down. */
const RANDOM_GRID = 2;

/** What was compared: figures on other features are other figures. */
export interface FeatureSet {
  /** Of the network. */
  network: string;
  layer: string;
  /** Side of the images that the network sees, in pixels. */
  size: number;
  /** Parts of the image's width, and of its height, over which means are taken. */
  grid: number;
  /** Numbers an image. */
  dimension: number;
  trainedOn: string | null;
  /** Of the network's weights; null where they are drawn. */
  weightsSha256: string | null;
}

/** A network compiled for images of one shape. */
export class FeatureExtractor {
  private constructor(
    readonly set: FeatureSet,
    private readonly shape: ImageShape,
    private readonly state: State,
    private readonly program: Program,
  ) {}

  /**
   * Without a backbone, the random network of this version, at the images' own size. A backbone sees them at the size
   * that it was trained on, and its last feature layer is taken unless another is named; the features are then the
   * means over the image, as in KID's and FID's definitions. Throws OPTION_INVALID for a layer that there is not, and
   * SHAPE_MISMATCH where the images are too small for it.
   */
  static async compile(
    device: Device,
    shape: ImageShape,
    { backbone, layer }: { backbone?: Backbone; layer?: string } = {},
  ): Promise<FeatureExtractor> {
    if (layer !== undefined && !backbone) {
      throw new HaleError(
        "OPTION_INVALID",
        `There is no choice of layer without a backbone, so ${layer} cannot be taken.`,
        "Name the file of an imported backbone as features too.",
        { setting: "features" },
      );
    }
    const { description } = backbone ?? randomNetwork();
    const network = new FeatureNetwork(backbone ?? randomNetwork());
    const chosen = layer ?? network.featureLayers[network.featureLayers.length - 1];
    network.channels(chosen);
    const size = backbone ? description.input.size : shape.size;
    const grid = backbone ? 1 : RANDOM_GRID;
    const [features] = network.features(input("x", [BATCH, shape.channels, size, size]), [chosen]);
    const means = gridMeans(features, grid);
    const state = new State(device, { exact: true });
    const program = await Program.compile(state, { name: "features", outputs: { means } });
    const set: FeatureSet = {
      network: description.name,
      layer: chosen,
      size,
      grid,
      dimension: means.shape[1],
      trainedOn: description.trainedOn ?? null,
      weightsSha256: description.name === RANDOM_NETWORK ? null : description.weightsSha256,
    };
    return new FeatureExtractor(set, shape, state, program);
  }

  /** A row of features for each image [C, S, S] in [-1, 1]. */
  async features(images: readonly Float32Array[]): Promise<Float32Array[]> {
    const { size, channels } = this.shape;
    const seen = this.set.size;
    const resized =
      size === seen
        ? images
        : images.map((image) => {
            const planes = Array.from({ length: channels }, (_, c) =>
              resizePlane(image.subarray(c * size * size, (c + 1) * size * size), size, size, seen, seen),
            );
            return joined(planes);
          });
    const width = channels * seen * seen;
    return inBatches(resized, width, BATCH, async (x) => (await this.program.run({ x })).means);
  }

  async release(): Promise<void> {
    await this.program.release();
    this.state.dispose();
  }
}

/** Means of x [N, C, H, W] over the cells of a grid, [N, C·grid²]; a pixel belongs to the cell that its corner lies in. */
function gridMeans(x: Tensor, grid: number): Tensor {
  const [n, channels, height, width] = x.shape;
  const cellOf = (pixel: number) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    return Math.floor((row * grid) / height) * grid + Math.floor((column * grid) / width);
  };
  const cells = Array.from({ length: height * width }, (_, pixel) => cellOf(pixel));
  const counts = Array.from({ length: grid * grid }, (_, cell) => cells.filter((one) => one === cell).length);
  const weights = new Float32Array(grid * grid * cells.length);
  cells.forEach((cell, pixel) => {
    weights[cell * cells.length + pixel] = 1 / counts[cell];
  });
  const means = linear(reshape(x, [n * channels, cells.length]), constant(weights, [grid * grid, cells.length]));
  return reshape(means, [n, channels * grid * grid]);
}

/** Rows as a table, divided by `scale`. */
export function tableOf(rows: readonly Float32Array[], scale = 1): Features {
  const values = joined(rows);
  if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] /= scale;
  return { values, dimension: rows[0]?.length ?? 1 };
}

/** Root of the features' mean square: divided by it, they are of one size whatever the network's units. */
export function rootMeanSquare(rows: readonly Float32Array[]): number {
  let sum = 0;
  for (const row of rows) for (const value of row) sum += value * value;
  return Math.sqrt(sum / rows.reduce((total, row) => total + row.length, 0)) || 1;
}
