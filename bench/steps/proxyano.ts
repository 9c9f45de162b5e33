/**
 * @file ProxyAno's training step on our side, with everything that the method has. A turn is one iteration: a step of both
 * modules, and one of the discriminator.
 */

import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import { proxyImage } from "@hale/methods";
import { damageProxy, proxyAno, ratesOf, superpixelCount, trainingSteps } from "@hale/methods/proxyano";
import { openDevice } from "@hale/runtime/node";
import type { StepConfig, StepFactory } from "../step.ts";
import { smoothPictures } from "./pictures.ts";

/**
 * Far below the method's. Adam's first steps have the size of the rate whatever the gradient's, so that rounding grows with
 * it, and the memory drops an address or keeps it by the last bits of its weight: at 1e-4 and width 16 PyTorch's two layouts
 * are 1.2e-2 apart in a loss after ten iterations.
 */
const LEARNING_RATE = 1e-6;
/** Rounding tells less on the discriminator, which at a tenth of that rate would learn less than the comparison can see. */
const DISCRIMINATOR_RATE = 5e-5;
/** What a turn loads, each `name/turn`. */
const IMAGES = ["image", "proxy", "damaged"] as const;

const settingsOf = ({ width, batch }: StepConfig) =>
  proxyAno.options.parse({
    width,
    batch,
    slots: 200,
    adversarialWeight: 0.1,
    learningRate: LEARNING_RATE,
    discriminatorRate: DISCRIMINATOR_RATE / LEARNING_RATE,
  });

const steps = (config: StepConfig) => trainingSteps(settingsOf(config), { size: config.size, channels: 1 });

/** Rates of modules and discriminator; the bench stays before the first milestone. */
function firstRates(config: StepConfig): { modules: number; discriminator: number } {
  const { modules, discriminator } = ratesOf(settingsOf(config), { iterations: 1000, normals: 1000 });
  return { modules: modules(0), discriminator: discriminator(0) };
}

export const proxyAnoStep: StepFactory = {
  peer: "proxyano_step.py",
  shares: { modules: 1, discriminator: 1 },
  losses: ["extraction", "entropy", "reconstruction", "adversarial", "discriminator"],
  defaults: { size: 128, batch: 8, compare: 10 },

  peerOptions(config) {
    const { beta1, beta2, weightDecay, shrink, slots, sharpness, entropyWeight, adversarialWeight } =
      settingsOf(config);
    const { modules, discriminator } = firstRates(config);
    return {
      adam: { learningRate: modules, beta1, beta2, weightDecay },
      discriminatorRate: discriminator,
      threshold: shrink / slots,
      sharpness,
      entropyWeight,
      adversarialWeight,
    };
  },

  parameters: (config) => steps(config).parameters.initialise(new Random(config.seed, "parameters")),

  async batches(config, turns) {
    const { batch, size } = config;
    const { proxy: kind, compactness, pseudoAbnormal } = settingsOf(config);
    const picture = { width: size, height: size, channels: 1 as const };
    const random = new Random(config.seed, "batches");
    const result = new Map<string, ad.NamedArray>();
    for (let turn = 0; turn < turns; turn++) {
      const image = smoothPictures(config, random).map((v) => (v + 1) / 2);
      const proxy = new Float32Array(image.length);
      const damaged = new Float32Array(image.length);
      for (let at = 0; at < image.length; at += size * size) {
        const one = image.subarray(at, at + size * size);
        const flat = proxyImage(kind, one, picture, { segments: superpixelCount(size), compactness });
        proxy.set(flat, at);
        damaged.set(random.uniform() < pseudoAbnormal ? damageProxy(flat, one, size, random) : flat, at);
      }
      const data = { image, proxy, damaged };
      for (const name of IMAGES) result.set(`${name}/${turn}`, { shape: [batch, 1, size, size], data: data[name] });
    }
    return result;
  },

  programs: (config) => {
    const { restoration, discriminator } = steps(config);
    return { modules: restoration, discriminator: discriminator! };
  },

  async open(config, values, batches, numerics) {
    const settings = settingsOf(config);
    const rates = firstRates(config);
    const { parameters, restoration, discriminator } = steps(config);
    const state = new ad.State(await openDevice({ threads: config.threads }), numerics);
    state.write(values);
    state.write(ad.adamState(parameters.trainable()));
    const restorationStep = await ad.Program.compile(state, restoration);
    const discriminatorStep = await ad.compileStep(state, discriminator!);
    const turns = batches.size / IMAGES.length;
    const imagesOf = (turn: number) =>
      Object.fromEntries(IMAGES.map((name) => [name, batches.get(`${name}/${turn % turns}`)!.data] as const));
    let restored: Float32Array;
    return {
      async modules(turn) {
        const adam = ad.adamInputs(settings, turn + 1, rates.modules);
        const { restored: images, ...losses } = await restorationStep.run({ ...imagesOf(turn), ...adam });
        restored = images;
        return Object.fromEntries(Object.entries(losses).map(([name, [value]]) => [name, value]));
      },
      async discriminator(turn) {
        const adam = ad.adamInputs(settings, turn + 1, rates.discriminator);
        const { loss } = await discriminatorStep.run({ image: imagesOf(turn).image, restored, ...adam });
        return { discriminator: loss[0] };
      },
    };
  },
};
