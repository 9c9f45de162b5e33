/** @file The methods whose training step can be timed. */
import { HaleError } from "@hale/errors";
import type { StepFactory } from "../step.ts";
import { saganStep } from "./sagan.ts";

const STEPS: Readonly<Record<string, StepFactory>> = { sagan: saganStep };

/** Throws OPTION_INVALID for a name that is none of ours. */
export function stepOf(method: string): StepFactory {
  const step = STEPS[method];
  if (step) return step;
  const known = Object.keys(STEPS).join(", ");
  throw new HaleError("OPTION_INVALID", `There is no training step called ${method}.`, `Use one of: ${known}.`);
}
