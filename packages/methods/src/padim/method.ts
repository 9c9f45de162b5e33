/**
 * @file PaDiM: one Gaussian of normal features for each place of the image, in a frozen backbone; nothing is trained. Options and
 * recipe.
 *
 * Source: Defard, Setkov, Loesch, Audigier, "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and
 * Localization", ICPR 2020 workshops, arXiv 2011.08785.
 */
import { Random } from "@hale/core";
import { z } from "zod";
import type { Backbone } from "../backbone/description.ts";
import { AUTO, backboneFile, featureOptions } from "../backbone/feature-choice.ts";
import { answerOptions, checkSide, patchSource, smoothingOf } from "../backbone/patch-source.ts";
import { channelChoice } from "../backbone/projection.ts";
import type { FitRecipe, ImageShape, Method } from "../method.ts";
import { gaussianAnswers, SCORES } from "./answers.ts";
import { checkWidth, gaussiansOf, momentGathering } from "./gaussians.ts";

/** Numbers of a place where `dimensions` says nothing: the paper's for a ResNet-18, and all of the filters. */
const WIDTH = 100;

const options = z.strictObject({
  ...featureOptions("a network's layers of an eighth and a sixteenth of the image"),
  neighbourhood: z
    .int()
    .min(1)
    .max(15)
    .default(3)
    .describe("places along each side over which a feature is averaged, odd"),
  dimensions: z
    .union([z.literal(AUTO), z.int().min(1).max(1024)])
    .default(AUTO)
    .describe(`numbers of a place, drawn from all channels; auto: ${WIDTH}, or all where there are no more`),
  shrinkage: z
    .union([z.literal(AUTO), z.number().min(0).max(1)])
    .default(0.1)
    .describe("share of a round Gaussian in each covariance; auto: from the data (OAS)"),
  floor: z.number().gt(0).max(1).default(0.01).describe("added to every variance, in mean variances of all places"),
  score: z
    .enum(SCORES)
    .default("largest")
    .describe("of the image: mean of the largest distances, or the map's largest value"),
  share: answerOptions.share,
  smoothing: answerOptions.smoothing,
});

export type PadimOptions = z.infer<typeof options>;

function create(settings: PadimOptions, shape: ImageShape, backbone?: Backbone): FitRecipe {
  const dimensions = settings.dimensions === AUTO ? WIDTH : settings.dimensions;
  const { credit, places, width, patches, frozen } = patchSource(settings, shape, {
    backbone,
    prefix: "padim",
    narrowing: (from) =>
      from <= dimensions
        ? null
        : { to: dimensions, matrix: channelChoice(from, dimensions, new Random(0, "padim/dimensions")) },
  });
  checkWidth(places, width);
  return {
    learning: "fit",
    backbone: credit,
    frozen,
    observe: (x) => ({ patches: patches(x) }),
    gathering: momentGathering(places, width),
    settle: (observed) => gaussiansOf(observed, width, settings),
    inference: (state) =>
      gaussianAnswers(state, patches, { ...settings, size: shape.size, smoothing: smoothingOf(settings, shape) }),
  };
}

export const padim: Method<PadimOptions, FitRecipe> = {
  name: "padim",
  learning: "fit",
  title: "PaDiM: distance from the Gaussian of each place's normal features in a frozen backbone",
  source: "arXiv 2011.08785",
  needsUnlabelled: false,
  size: 128,
  options,
  presets: {
    small: { size: 64, options: { dimensions: 24 } },
    paper: { size: 224, options: { dimensions: 100, neighbourhood: 1, shrinkage: 0, floor: 0.01, score: "largest" } },
  },
  checkShape: (shape) => checkSide(shape, "padim"),
  backbone: backboneFile,
  create,
};
