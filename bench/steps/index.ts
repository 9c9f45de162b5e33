/** @file The methods whose training step can be timed. */
import { HaleError } from "@hale/core";
import type { StepFactory } from "../step.ts";
import { hqAnoGanStep } from "./hq-anogan.ts";
import { proxyAnoStep } from "./proxyano.ts";
import { saganStep } from "./sagan.ts";

const STEPS: Readonly<Record<string, StepFactory>> = {
  sagan: saganStep,
  proxyano: proxyAnoStep,
  "hq-anogan": hqAnoGanStep,
};

export const METHODS: readonly string[] = Object.keys(STEPS);

/** Throws OPTION_INVALID for a name that is none of ours. */
export function stepOf(method: string): StepFactory {
  const step = STEPS[method];
  if (step) return step;
  throw new HaleError(
    "OPTION_INVALID",
    `There is no training step called ${method}.`,
    `Use one of: ${METHODS.join(", ")}.`,
  );
}
