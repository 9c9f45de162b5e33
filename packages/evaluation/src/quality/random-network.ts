/**
 * @file A fixed network of random convolutions, for comparing images where no trained backbone is at hand. Random
 * networks are worse features than trained ones but favour nobody; for images unlike photographs Naeem et al. (ICML 2020,
 * "Reliable Fidelity and Diversity Metrics for Generative Models") use them instead of ImageNet's.
 */
import { type NamedArray, sizeOf } from "@hale/autodiff";
import { Random } from "@hale/core";
import type { Backbone, Layer } from "@hale/methods";

/** Changes whenever the network does, since figures on other features cannot be compared. */
export const RANDOM_NETWORK = "random convolutions 1";
const SEED = 1;

/** Channels of the convolutions, each followed by half the size. */
const CHANNELS = [32, 64, 128, 256];

/** 3 x 3 convolutions with He's normal weights (which keep the mean square) and ReLU; largest of 2 x 2 between them. */
export function randomNetwork(): Backbone {
  const random = new Random(SEED, RANDOM_NETWORK);
  const weights = new Map<string, NamedArray>();
  const layers: Layer[] = [];
  let before = { id: "input", channels: 3 };
  CHANNELS.forEach((channels, i) => {
    const id = `conv${i + 1}`;
    const shape = [channels, before.channels, 3, 3];
    const weight = `${id}/weight`;
    weights.set(weight, { shape, data: random.normals(sizeOf(shape), Math.sqrt(2 / (9 * before.channels))) });
    layers.push({
      id,
      op: "conv",
      inputs: [before.id],
      kernel: 3,
      stride: 1,
      padding: 1,
      activation: "relu",
      weight,
    });
    before = { id, channels };
    if (i === CHANNELS.length - 1) return;
    layers.push({ id: `pool${i + 1}`, op: "maxpool", inputs: [id], kernel: 2, stride: 2, padding: 0 });
    before = { id: `pool${i + 1}`, channels };
  });
  return {
    weights,
    description: {
      format: 2,
      name: RANDOM_NETWORK,
      origin: `drawn by hale with seed ${SEED}, trained on nothing`,
      licence: "none needed",
      leakySlope: 0,
      layers,
      featureLayers: CHANNELS.map((_, i) => `conv${i + 1}`),
      weightsSha256: "0".repeat(64),
      input: { size: 64, channelOrder: "RGB", mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    },
  };
}
