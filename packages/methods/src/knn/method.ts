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
import { type FeatureSource, networkFeatures } from "../backbone/feature-source.ts";
import { builtInFilters, FILTER_RESPONSES } from "../backbone/filters.ts";
import type { FitRecipe, ImageShape, Method } from "../method.ts";
import { bankOf, METRICS } from "./bank.ts";
import { nearestNeighbours, pooledFeatures } from "./neighbours.ts";

/** The value of `backbone` that needs no file. */
const BUILT_IN = "filters";
/** The value of `layers` that takes all that the backbone's maker names. */
const ALL = "all";
/**
 * The value that suits the backbone: all filters, each standardised, in 6 x 6 regions; of a network its last layer, by
 * directions, in 4 x 4. Chosen without labels, by pseudo-AUC on the training pools; the README has the figures.
 */
const AUTO = "auto";

const options = z.strictObject({
  backbone: z
    .string()
    .min(1)
    .default(BUILT_IN)
    .describe("whose features images are compared in: filters (built in), or the file of an imported backbone"),
  layers: z
    .string()
    .min(1)
    .default(AUTO)
    .describe("of the backbone, with commas between them; all; or auto: all filters, a network's last"),
  response: z
    .enum(FILTER_RESPONSES)
    .default("log")
    .describe("of the built-in filters: their modulus, its log, or relative to that of all filters of the place"),
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
  const source = sourceOf(settings, backbone);
  const layers = layersOf(settings, source);
  if (new Set(layers).size < layers.length) {
    throw new HaleError("OPTION_INVALID", "A layer is named twice.", "Name each once.", { setting: "layers" });
  }
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

function layersOf({ layers, backbone }: KnnOptions, source: FeatureSource): readonly string[] {
  if (layers === ALL || (layers === AUTO && backbone === BUILT_IN)) return source.layers;
  return layers === AUTO ? source.layers.slice(-1) : layers.split(",").map((name) => name.trim());
}

function sourceOf({ backbone: name, response }: KnnOptions, backbone?: Backbone): FeatureSource {
  if (name === BUILT_IN) return builtInFilters(response);
  if (backbone) return networkFeatures(backbone);
  throw new HaleError("OPTION_INVALID", `The backbone ${name} was not read.`, "Give it beside the options.");
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
  backbone: ({ backbone }) => (backbone === BUILT_IN ? null : backbone),
  create,
};
