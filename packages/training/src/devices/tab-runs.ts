/** @file The runs that tab.slow.test.ts trains in a page and in Node: phantoms, and settings at their smallest. */
import type { PhantomSetOptions } from "@hale/data";
import { methodNamed } from "@hale/methods";
import type { FitSettings, GradientSettings } from "../run/run-settings.ts";

export const PHANTOMS: PhantomSetOptions = {
  seed: 3,
  size: 32,
  counts: { trainNormal: 26, unlabelled: 8, valNormal: 20, testNormal: 3, testAbnormal: 3 },
};

const common = {
  data: "phantoms",
  size: 32,
  channels: 1,
  seed: 5,
  threads: 1,
  falseAlarmRate: 0.1,
  keep: 1,
  corrupt: "refuse",
} as const;

export const knnOn = (device: "cpu" | "wasm"): FitSettings => ({
  ...common,
  method: "knn",
  options: methodNamed("knn").options.parse({}),
  device,
  every: 8,
});

export const SAGAN: GradientSettings = {
  ...common,
  method: "sagan",
  options: methodNamed("sagan").options.parse({ width: 8, residualBlocks: 0, batch: 1, criticSteps: 1 }),
  device: "wasm",
  iterations: 6,
  selection: "pseudo-auc",
  every: 2,
};
