/**
 * @file The distance to the nearest normals in the features of a frozen backbone: nothing is trained. Options and recipe.
 *
 * Source: anomaly scores by the distance to the k-th nearest neighbour, Ramaswamy et al., SIGMOD 2000; by the mean distance
 * to the k nearest, Angiulli and Pizzuti, PKDD 2002; in pooled features of a network that was trained on other images, Bergman,
 * Cohen and Hoshen, "Deep Nearest Neighbor Anomaly Detection" (DN2), arXiv 2002.10445.
 */
import { HaleError } from "@hale/core";
import { z } from "zod";
import type { Backbone } from "../backbone/description.ts";
import {
  AUTO,
  BUILT_IN,
  backboneFile,
  chosenLayers,
  featureOptions,
  featureSource,
} from "../backbone/feature-choice.ts";
import type { FitRecipe, ImageShape, Method } from "../method.ts";
import { bankOf, METRICS } from "./bank.ts";
import { nearestNeighbours, pooledFeatures } from "./neighbours.ts";

/*
 * What `auto` means here: all filters, each standardised, in 6 x 6 regions; of a network its last layer, by directions, in
 * 4 x 4. Chosen without labels, by pseudo-AUC on the training pools; the README has the figures.
 */

const options = z.strictObject({
  ...featureOptions("a network's last"),
  regions: z
    .union([z.literal(AUTO), z.int().min(1).max(32)])
    .default(AUTO)
    .describe(
      "parts along each side over which features are averaged, 1 is the whole image; auto: 6 of filters, 4 of a network",
    ),
  k: z.int().min(1).max(1000).default(3).describe("nearest normals whose mean distance is the score"),
  metric: z
    .enum([AUTO, ...METRICS])
    .default(AUTO)
    .describe(
      "euclidean in features standardised on the normals, cosine in the features as they are, or auto: the former for filters, the latter for a network",
    ),
});

export type KnnOptions = z.infer<typeof options>;

function create(settings: KnnOptions, shape: ImageShape, backbone?: Backbone): FitRecipe {
  const { k } = settings;
  const builtIn = settings.backbone === BUILT_IN;
  const regions = settings.regions !== AUTO ? settings.regions : builtIn ? 6 : 4;
  const metric = settings.metric !== AUTO ? settings.metric : builtIn ? "euclidean" : "cosine";
  const source = featureSource(settings, backbone);
  const layers = chosenLayers(settings, source, ({ layers }) => layers.slice(-1));
  const widths = layers.map((layer) => source.channels(layer) * regions * regions);
  return {
    learning: "fit",
    backbone: source.credit(layers),
    observe: (x) => {
      const features = source.features(x, layers);
      const small = features.findIndex(({ shape: [, , ...sides] }) => Math.min(...sides) < regions);
      if (small >= 0) {
        throw new HaleError(
          "OPTION_INVALID",
          `Images of ${shape.size} pixels have ${features[small].shape.slice(2).join(" x ")} places at the layer ${layers[small]}, fewer than ${regions} regions.`,
          "Use larger images, fewer regions or layers nearer to the image.",
          { setting: "regions" },
        );
      }
      return { pooled: pooledFeatures(features, regions) };
    },
    settle: ({ pooled }) => bankOf(pooled, widths, { k, metric }),
    inference: (state) => nearestNeighbours(state, (x) => source.features(x, layers), { k, metric, regions }),
  };
}

export const knn: Method<KnnOptions, FitRecipe> = {
  name: "knn",
  learning: "fit",
  title: "kNN: distance to the nearest normals in frozen features",
  source: "arXiv 2002.10445 (DN2); SIGMOD 2000",
  needsUnlabelled: false,
  size: 128,
  options,
  checkShape({ size }) {
    if (size >= 24) return;
    throw new HaleError("OPTION_INVALID", `Images of ${size} pixels are too small for knn.`, "Use at least 24.", {
      setting: "size",
    });
  },
  backbone: backboneFile,
  create,
};
