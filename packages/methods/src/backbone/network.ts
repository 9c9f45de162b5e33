/**
 * @file A backbone as tensors: from images to the outputs of named layers, with ops that have gradients, so that a
 * training step can look through it. Any size of image that the layers allow.
 */
import { add, concat, constant, mul, type NamedArray, sliceAxis, type Tensor } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { type Backbone, checkBackbone, layersFor, PICTURE } from "./description.ts";
import { applyLayer } from "./layers.ts";

/** How a weight comes into the graph. */
export type WeightTensor = (name: string, array: NamedArray) => Tensor;

const frozen: WeightTensor = (_name, { data, shape }) => constant(data, shape);

/** A network of fixed weights. Its weights are in a graph once, however many images it is applied to. */
export class FeatureNetwork {
  private readonly tensors = new Map<string, Tensor>();

  constructor(
    readonly backbone: Backbone,
    private readonly weightTensor: WeightTensor = frozen,
  ) {}

  /** The layers that its maker names for comparing images. */
  get featureLayers(): readonly string[] {
    return this.backbone.description.featureLayers;
  }

  /** Channels of a layer with rows and columns. Throws OPTION_INVALID where there is no such layer. */
  channels(layer: string): number {
    const channels = checkBackbone(this.backbone).get(layer);
    if (channels?.form === "planes" && layer !== PICTURE) return channels.count;
    const { name, featureLayers } = this.backbone.description;
    throw new HaleError(
      "OPTION_INVALID",
      `The backbone ${name} has no layer ${layer} with rows and columns.`,
      `Name some of ${featureLayers.join(", ")}.`,
    );
  }

  /**
   * Outputs of `layers`, [N, channels, rows, columns] each ([N, channels] after a mean over the picture), for `images`
   * [N, 1 or 3, H, W] in [-1, 1]; grey is taken three times. Throws SHAPE_MISMATCH where the images are too small.
   */
  features(images: Tensor, layers: readonly string[] = this.featureLayers): Tensor[] {
    const { description } = this.backbone;
    const values = new Map([[PICTURE, this.prepare(images)]]);
    for (const layer of layersFor(description.layers, layers)) {
      const inputs = layer.inputs.map((name) => values.get(name)!);
      try {
        values.set(
          layer.id,
          applyLayer(layer, inputs, (name) => this.weight(name), description.leakySlope),
        );
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new HaleError(
          "SHAPE_MISMATCH",
          `Images of ${images.shape.slice(2).join("x")} do not fit the layer ${layer.id} of ${description.name}.`,
          "Use larger images, or layers nearer to the image.",
          { cause },
        );
      }
    }
    return layers.map((name) => {
      if (values.has(name) && name !== PICTURE) return values.get(name)!;
      const known = description.featureLayers.join(", ");
      throw new HaleError(
        "OPTION_INVALID",
        `The backbone ${description.name} has no layer ${name}.`,
        `Name some of ${known}.`,
      );
    });
  }

  /** From [-1, 1] to what the network was trained on: v = 127.5·x + 127.5, then (v - mean) / std. */
  private prepare(images: Tensor): Tensor {
    const [, channels, ...sides] = images.shape;
    if (sides.length !== 2 || (channels !== 1 && channels !== 3))
      throw new HaleError(
        "SHAPE_MISMATCH",
        `Images of [${images.shape}] have no backbone.`,
        "Use grey or colour ones.",
      );
    const { mean, std, channelOrder } = this.backbone.description.input;
    const planes = [2, 1, 0].map((plane) => () => sliceAxis(images, 1, plane, 1));
    const ordered =
      channels === 3 && channelOrder === "BGR"
        ? concat(
            planes.map((plane) => plane()),
            1,
          )
        : images;
    const gain = std.map((value) => 127.5 / value);
    const offset = std.map((value, i) => (127.5 - mean[i]) / value);
    // One channel times three broadcasts to three.
    return add(mul(ordered, constant(gain, [1, 3, 1, 1])), constant(offset, [1, 3, 1, 1]));
  }

  private weight(name: string): Tensor {
    const tensor = this.tensors.get(name) ?? this.weightTensor(name, this.backbone.weights.get(name)!);
    this.tensors.set(name, tensor);
    return tensor;
  }
}
