/** @file The parts of HQ-AnoGAN, for benchmarks that time them one by one. */
export { adamOptions, INTERVALS } from "./gan.ts";
export { hqAnoGan } from "./method.ts";
export { GROUP } from "./stylegan2/discriminator.ts";
export { averageDecay } from "./turn.ts";
