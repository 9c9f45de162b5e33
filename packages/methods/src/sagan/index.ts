/** @file The parts of SAGAN, for benchmarks that time them one by one. */
export { sagan } from "./method.ts";
export { criticDepth, type NetworkOptions } from "./networks.ts";
export { pasteBox, randomBox } from "./pseudo-anomaly.ts";
export { trainingSteps } from "./steps.ts";
