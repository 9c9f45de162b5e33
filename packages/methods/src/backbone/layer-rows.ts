/** @file The layers of a backbone as rows of a table, to choose features among. */
import { input } from "@hale/autodiff";
import type { Backbone } from "./description.ts";
import { FeatureNetwork } from "./network.ts";

export interface LayerRow {
  name: string;
  op: string;
  /** Channels, rows and columns; channels alone after a mean over the picture; null where it is not known. */
  shape: readonly number[] | null;
  /** The name under which it is a feature layer, where it is one. */
  feature?: string;
}

/** All layers in order of work, with shapes for images of the size that the network was trained on. */
export function layerRows(backbone: Backbone): LayerRow[] {
  const { layers, featureLayers, input: prepared } = backbone.description;
  const image = input("image", [1, 3, prepared.size, prepared.size]);
  const tensors = new FeatureNetwork(backbone).features(
    image,
    layers.map(({ id }) => id),
  );
  return layers.map(({ id, op }, i) => {
    const shape = tensors[i].shape.slice(1);
    const point = shape.length === 3 && shape[1] === 1 && shape[2] === 1;
    const feature = featureLayers.includes(id) ? { feature: id } : {};
    return { name: id, op, shape: point ? shape.slice(0, 1) : shape, ...feature };
  });
}
