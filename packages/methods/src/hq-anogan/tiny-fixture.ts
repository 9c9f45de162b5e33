/** @file HQ-AnoGAN at the smallest size that is still all of it, for tests that train. */
import { hqAnoGan } from "./method.ts";
import type { HqAnoGanOptions } from "./options.ts";

/** Options that make its networks small, for images from 32 x 32 on. */
export const TINY = {
  latent: 8,
  base: 128,
  maxChannels: 8,
  batch: 4,
  encoderWidth: 4,
  encoderBatch: 2,
} satisfies Partial<HqAnoGanOptions>;

/** All options: tiny networks, and what is to be otherwise. */
export const tiny = (others: object = {}): HqAnoGanOptions => hqAnoGan.options.parse({ ...TINY, ...others });
