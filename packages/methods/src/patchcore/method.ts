/**
 * @file PatchCore: the distance of an image's patches from those of normals in the features of a frozen backbone; nothing is
 * trained. Options and recipe.
 *
 * Source: Roth, Pemula, Zepeda, Schölkopf, Brox, Gehler, "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022, arXiv
 * 2106.08265, and the authors' code (amazon-science/patchcore-inspection).
 */
import { Random } from "@hale/core";
import { z } from "zod";
import type { Backbone } from "../backbone/description.ts";
import { AUTO, backboneFile, featureOptions } from "../backbone/feature-choice.ts";
import {
  answerOptions,
  checkSide,
  type Narrowing,
  ofFilters,
  patchSource,
  smoothingOf,
} from "../backbone/patch-source.ts";
import { sparseProjection } from "../backbone/projection.ts";
import type { FitRecipe, ImageShape, Method } from "../method.ts";
import { patchAnswers, SCORES } from "./answers.ts";
import { candidateGathering, candidatesOf } from "./candidates.ts";
import { memoryOf, SCALES } from "./memory.ts";

/** Numbers of a row where more would come from a network and `dimensions` says nothing. */
const WIDTH = 256;

const options = z.strictObject({
  ...featureOptions("a network's layers of an eighth and a sixteenth of the image"),
  neighbourhood: z
    .union([z.literal(AUTO), z.int().min(1).max(15)])
    .default(AUTO)
    .describe(
      "places along each side over which a feature is averaged, odd; auto: 3 of a network, 1 of filters, which average by themselves",
    ),
  dimensions: z
    .union([z.literal(AUTO), z.int().min(1).max(8192)])
    .default(AUTO)
    .describe(`numbers of a patch, by a fixed random projection where features have more; auto: ${WIDTH} of a network`),
  scale: z
    .enum([AUTO, ...SCALES])
    .default(AUTO)
    .describe("numbers over the normals' deviation: of each (channels), of all (whole); auto: channels of filters"),
  candidates: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe("patches of normals, as many of each, from which the memory is chosen"),
  ratio: z.number().gt(0).max(1).default(0.25).describe("share of the candidates that the memory keeps"),
  memory: z.int().min(1).max(100_000).default(4_000).describe("most patches that the memory keeps"),
  projection: z
    .int()
    .min(1)
    .max(8192)
    .default(32)
    .describe("numbers, by a sparse random projection, in which candidates are compared while they are chosen"),
  score: z
    .enum(SCORES)
    .default("top")
    .describe("of the image: mean of the largest distances, the largest, or that weighed as in the paper (reweighted)"),
  share: answerOptions.share,
  neighbours: z.int().min(2).max(1000).default(9).describe("rows of the memory by which `reweighted` weighs"),
  smoothing: answerOptions.smoothing,
});

export type PatchCoreOptions = z.infer<typeof options>;

function create(settings: PatchCoreOptions, shape: ImageShape, backbone?: Backbone): FitRecipe {
  const filters = ofFilters(settings);
  const neighbourhood = settings.neighbourhood === AUTO ? (filters ? 1 : 3) : settings.neighbourhood;
  const dimensions = settings.dimensions === AUTO ? (filters ? Infinity : WIDTH) : settings.dimensions;
  const narrowing: Narrowing = (from) =>
    from <= dimensions
      ? null
      : { to: dimensions, matrix: sparseProjection(from, dimensions, new Random(0, "patchcore/dimensions")) };
  const { credit, places, width, patches, frozen } = patchSource({ ...settings, neighbourhood }, shape, {
    backbone,
    narrowing,
    prefix: "patchcore",
  });
  const scale = settings.scale === AUTO ? (filters ? "channels" : "whole") : settings.scale;
  return {
    learning: "fit",
    backbone: credit,
    frozen,
    observe: (x) => ({ patches: patches(x) }),
    gathering: candidateGathering(places, width, settings.candidates),
    settle: (observed, random) => memoryOf(candidatesOf(observed, width), width, { ...settings, scale }, random),
    inference: (state) =>
      patchAnswers(state, patches, { ...settings, size: shape.size, smoothing: smoothingOf(settings, shape) }),
  };
}

export const patchcore: Method<PatchCoreOptions, FitRecipe> = {
  name: "patchcore",
  learning: "fit",
  title: "PatchCore: distance of patches to a memory of normal ones in frozen features",
  source: "arXiv 2106.08265",
  needsUnlabelled: false,
  size: 128,
  options,
  presets: {
    small: { size: 64, options: { candidates: 5_000, memory: 1_000 } },
    paper: {
      size: 224,
      options: {
        candidates: 200_000,
        ratio: 0.1,
        memory: 20_000,
        dimensions: 1024,
        projection: 128,
        score: "reweighted",
      },
    },
  },
  checkShape: (shape) => checkSide(shape, "patchcore"),
  backbone: backboneFile,
  create,
};
