/** @file Runs: trainer, checkpoints, selection, calibration, and the detector at the end. */
export type { FitterOptions } from "./fitter.ts";
export { ImageGenerator, inBatches, type Stream } from "./image-generator.ts";
export type { Restorations } from "./image-program.ts";
export type { Partition } from "./partition.ts";
export { Trainer, type TrainerOptions } from "./trainer.ts";
