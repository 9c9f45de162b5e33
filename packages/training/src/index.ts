/** @file Runs: trainer, checkpoints, selection, calibration, and the detector at the end. */
export { arraysUnder } from "./first-state.ts";
export { ImageGenerator, inBatches, type Stream } from "./image-generator.ts";
export { type Partition, partition } from "./partition.ts";
export { pseudoAuc } from "./selection.ts";
export { type Restorations, Trainer, type TrainerOptions } from "./trainer.ts";
