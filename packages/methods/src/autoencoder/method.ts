/**
 * @file The plain autoencoder that every method must beat (the AE of DDAD-ASR, arXiv 2210.04227): it learns to copy
 * normal images through 16 numbers, and what it cannot copy counts as abnormal. Score: mean squared difference.
 */
import {
  type AdamOptions,
  adamInputs,
  adamState,
  adamUpdates,
  batchNormLayer,
  convLayer,
  convTransposeLayer,
  gradients,
  input,
  linearLayer,
  mean,
  Parameters,
  relu,
  reshape,
  type Scope,
  square,
  sub,
  type Tensor,
} from "@hale/autodiff";
import { HaleError } from "@hale/core";
import * as z from "zod";
import type { ImageShape, Method, RestoringRecipe } from "../method.ts";

const options = z.strictObject({
  latent: z.int().min(1).max(1024).default(16).describe("numbers that an image is squeezed through"),
  hidden: z.int().min(16).max(8192).default(2048).describe("width of the dense layers around them"),
  batch: z.int().min(2).max(512).default(64).describe("images in a step"),
  learningRate: z.number().positive().default(5e-4).describe("Adam's rate"),
  beta1: z.number().min(0).max(1).default(0.5).describe("Adam's first decay"),
  beta2: z.number().min(0).max(1).default(0.999).describe("Adam's second decay"),
});

export type AutoencoderOptions = z.infer<typeof options>;

const WIDTHS = [16, 32, 64, 64];

export interface Reconstruction {
  output: Tensor;
  /** New running statistics of the batch normalisations, by name; empty in evaluation. */
  updates: Record<string, Tensor>;
}

/** x [N, C, S, S] to its reconstruction. The last layer is linear. */
export function autoencoder(
  scope: Scope,
  x: Tensor,
  settings: Pick<AutoencoderOptions, "latent" | "hidden">,
  mode: "train" | "evaluate",
): Reconstruction {
  const updates: Record<string, Tensor> = {};
  const normalise = (name: string, y: Tensor) => {
    const result = batchNormLayer(scope.child(name), y, mode);
    Object.assign(updates, result.updates);
    return relu(result.output);
  };
  const dense = (name: string, y: Tensor, features: number) => linearLayer(scope.child(name), y, features);
  const denseBlock = (name: string, y: Tensor, features: number) => {
    const z = dense(name, y, features);
    return reshape(normalise(`${name}/norm`, reshape(z, [...z.shape, 1, 1])), z.shape);
  };

  let y = x;
  WIDTHS.forEach((width, i) => {
    y = normalise(`enc${i}/norm`, convLayer(scope.child(`enc${i}`), y, width, 4, { stride: 2, pad: 1 }));
  });
  const [n, c, h, w] = y.shape;
  const latent = dense("latent", denseBlock("squeeze", reshape(y, [n, c * h * w]), settings.hidden), settings.latent);
  y = reshape(dense("spread", denseBlock("widen", latent, settings.hidden), c * h * w), [n, c, h, w]);
  const outputs = [...WIDTHS.slice(0, -1).reverse(), x.shape[1]];
  outputs.forEach((width, i) => {
    y = convTransposeLayer(scope.child(`dec${i}`), y, width, 4, { stride: 2, pad: 1 });
    if (i < outputs.length - 1) y = normalise(`dec${i}/norm`, y);
  });
  return { output: y, updates };
}

function create(settings: AutoencoderOptions, { size, channels }: ImageShape): RestoringRecipe {
  const parameters = new Parameters();
  const scope = parameters.scope("autoencoder");
  const x = input("normal", [settings.batch, channels, size, size]);
  const { output, updates } = autoencoder(scope, x, settings, "train");
  const loss = mean(square(sub(x, output)));
  const own = parameters.trainable();
  const adam: AdamOptions = settings;
  return {
    learning: "gradient",
    parameters,
    initialState: (random) => new Map([...parameters.initialise(random), ...adamState(own)]),
    programs: [
      {
        name: "step",
        outputs: { loss },
        updates: { ...adamUpdates(own, gradients(loss, [...own.values()]), adam), ...updates },
      },
    ],
    async step({ iteration, draw, run }) {
      const normal = draw("normal", settings.batch).images;
      const result = await run("step", { normal, ...adamInputs(adam, iteration, settings.learningRate) });
      return { reconstruction: result.loss[0] };
    },
    restore: (image) => autoencoder(scope, image, settings, "evaluate").output,
    anomalyMap: (image, healthy) => mean(square(sub(image, healthy)), [1], true),
    inferencePrefixes: ["autoencoder/"],
  };
}

export const plainAutoencoder: Method<AutoencoderOptions, RestoringRecipe> = {
  name: "autoencoder",
  learning: "gradient",
  title: "Autoencoder: the plain baseline",
  source: "arXiv 2210.04227 (DDAD-ASR), AE",
  needsUnlabelled: false,
  options,
  checkShape: ({ size }) => {
    if (!Number.isInteger(size) || size < 32 || size % 16 !== 0) {
      throw new HaleError(
        "OPTION_INVALID",
        `The autoencoder cannot take images of ${size} x ${size} pixels.`,
        "Choose a size divisible by 16, from 32 up.",
      );
    }
  },
  create,
};
