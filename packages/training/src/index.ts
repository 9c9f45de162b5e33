/** @file Data sets, methods, trainer, report; browser-safe. Files and threads are in `@hale/training/node`. */

export { readBackbone, writeBackbone } from "./backbone/backbone-file.ts";
export type { Backbone, BackboneDescription } from "./backbone/description.ts";
export { FeatureNetwork } from "./backbone/network.ts";
export {
  type LpipsWeights,
  lpipsDistance,
  perceptualDistance,
  readLpipsWeights,
  unitNormalise,
} from "./backbone/perceptual.ts";
export { readPlainModel } from "./backbone/plain-model.ts";
export * from "./dataset/index.ts";
export type { DrawImages, ImageShape, Method, Preset, Recipe, StepContext } from "./methods/method.ts";
export { methodNamed, methods } from "./methods/registry.ts";
export * from "./phantoms/index.ts";
export { exportModel } from "./trainer/export.ts";
export { type Partition, partition } from "./trainer/partition.ts";
export { pseudoAuc } from "./trainer/selection.ts";
export { type Restorations, Trainer, type TrainerOptions } from "./trainer/trainer.ts";
