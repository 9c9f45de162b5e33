/** @file Runs: trainer, checkpoints, selection, calibration, and the detector at the end. */
export { arraysUnder } from "./first-state.ts";
export { Fitter, type FitterOptions } from "./fitter.ts";
export { ImageGenerator, inBatches, type Stream } from "./image-generator.ts";
export { AnswerProgram, type Restorations } from "./image-program.ts";
export { type Partition, partition } from "./partition.ts";
export { pseudoAuc } from "./selection.ts";
export { Trainer, type TrainerOptions } from "./trainer.ts";
