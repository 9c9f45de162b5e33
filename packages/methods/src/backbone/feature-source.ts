/**
 * @file Where a method that learns in features gets them: built-in filters or an imported network, under one contract, with
 * what a detector's card must say of them. What is made of the features is left to the methods.
 */
import type { Tensor } from "@hale/autodiff";
import type { Backbone } from "./description.ts";
import { FeatureNetwork } from "./network.ts";

/** What a card says of a frozen backbone. */
export interface BackboneCredit {
  name: string;
  /** Where its weights come from. */
  origin: string;
  /** Of the weights. */
  licence: string;
  /** Of the file that the weights came in, in hex; missing where there are no weights. */
  sha256?: string;
  /** The layers whose features are used. */
  layers: string[];
}

/** Frozen features of images, at named layers. */
export interface FeatureSource {
  /** What a card says where these layers are used. */
  credit(layers: readonly string[]): BackboneCredit;
  /** The layers that are taken where none is named. */
  layers: readonly string[];
  /** Channels of a layer. Throws OPTION_INVALID where there is no such layer with rows and columns. */
  channels(layer: string): number;
  /**
   * Features [N, channels, rows, columns] of each layer, of images [N, 1 or 3, S, S] in [-1, 1]. No image's features
   * depend on another of the batch. Throws SHAPE_MISMATCH where the images are too small.
   */
  features(images: Tensor, layers: readonly string[]): Tensor[];
}

/** What a card says of an imported network, by its feature layers or others. */
export function creditOf(
  { description }: Backbone,
  layers: readonly string[] = description.featureLayers,
): BackboneCredit {
  const { name, origin, licence, weightsSha256: sha256 } = description;
  return { name, origin, licence, sha256, layers: [...layers] };
}

/** The features of an imported network, at the layers that its maker names. */
export function networkFeatures(backbone: Backbone): FeatureSource {
  const network = new FeatureNetwork(backbone);
  return {
    credit: (layers) => creditOf(backbone, layers),
    layers: network.featureLayers,
    channels: (layer) => network.channels(layer),
    features: (images, layers) => network.features(images, layers),
  };
}
