/** @file The parts of ProxyAno, for benchmarks that time them one by one. */
export { proxyAno, ratesOf, superpixelCount } from "./method.ts";
export { damageProxy } from "./pseudo-anomaly.ts";
export { trainingSteps } from "./steps.ts";
