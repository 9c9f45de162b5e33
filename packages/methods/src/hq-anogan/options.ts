/** @file The options of HQ-AnoGAN, in the field's words. */
import * as z from "zod";
import { GROUP } from "./stylegan2/discriminator.ts";

const weight = (value: number) => z.number().min(0).default(value);

export const options = z.strictObject({
  latent: z.int().min(8).max(512).default(128).describe("dimensions of z and w; 512 in StyleGAN2"),
  mappingLayers: z.int().min(1).max(8).default(2).describe("dense layers from z to w"),
  base: z
    .int()
    .min(64)
    .max(32768)
    .default(1024)
    .describe("channels at resolution r are base/r; 16384 in StyleGAN2-ADA"),
  maxChannels: z.int().min(8).max(512).default(64).describe("but at most so many; 512 in StyleGAN2"),
  batch: z.int().min(GROUP).max(256).default(16).describe("images in a step of the generator, a multiple of 4"),
  learningRate: z.number().positive().default(0.0025).describe("Adam's rate for generator and discriminator"),
  gamma: z
    .union([z.literal("auto"), z.number().min(0)])
    .default("auto")
    .describe("weight of R1; auto is 0.0002 times the pixels over the batch"),
  pathLengthWeight: weight(2).describe("weight of the path-length regulariser; 0 leaves it out"),
  mixing: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe("share of generated images whose styles come from two latents"),
  averageKimg: z.number().positive().default(5).describe("half-life of the generator's average, thousands of images"),
  augmentation: z
    .string()
    .default("medical")
    .describe(
      "what ADA may do: medical, letters of bgcfnc as published (b blit, g geometric, c colour, f filter, n noise), or none",
    ),
  augmentationKimg: z
    .number()
    .positive()
    .default(100)
    .describe("thousands of images in which it can go from never to always"),
  generator: z
    .string()
    .min(1)
    .default("train")
    .describe(
      "train, or the folder or a checkpoint of another run whose generator is taken; then only the encoder learns",
    ),
  generatorShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe("share of the iterations in which the generator learns"),
  encoder: z
    .enum(["lite", "full"])
    .default("lite")
    .describe("lite for small images and few of them, or pSp's with 150 to 270 million parameters"),
  encoderWidth: z.int().min(4).max(64).default(16).describe("channels of the lite encoder's first layer"),
  encoderBatch: z.int().min(2).max(256).default(8).describe("images in a step of the encoder"),
  encoderRate: z.number().positive().default(1e-3).describe("Ranger's rate; 1e-4 in pSp"),
  perceptual: z
    .string()
    .min(1)
    .default("discriminator")
    .describe(
      "whose features image and restoration are compared by: discriminator, or the file of an imported backbone",
    ),
  perceptualWeight: weight(0.8).describe("weight of that comparison"),
  latentWeight: weight(0).describe("weight of the styles' distance from the mean latent"),
  featureWeight: weight(0).describe("weight of the distance between the discriminator's last features; 1 in f-AnoGAN"),
  scoreImage: weight(1).describe("weight of the image's residual in the score, as a z-score like those that follow"),
  scoreFeatures: weight(0).describe("of the discriminator's features"),
  scoreCycle: weight(1).describe("of the distance between the styles of image and restoration"),
  scorePrior: weight(0).describe("of the styles' distance to those of normals"),
  scoreOffset: weight(0).describe("of the styles' distance from the mean latent"),
  scoreFAnoGan: weight(0).describe("of f-AnoGAN's score: squared residual and discriminator's features, added up"),
  firstStyle: z.int().min(0).default(0).describe("of those that the style scores look at; coarse 0 to 2, fine from 7"),
  lastStyle: z
    .union([z.literal("all"), z.int().min(0)])
    .default("all")
    .describe("of those"),
});

export type HqAnoGanOptions = z.infer<typeof options>;
