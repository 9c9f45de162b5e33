/**
 * @file Exponential moving averages of parameters, kept as state beside them.
 */
import { add, mul, sub } from "../ops/elementwise.ts";
import { input } from "../ops/leaf.ts";
import type { Tensor } from "../tensor.ts";

/** Name of a parameter's average in state. */
export const averageName = (name: string) => `average/${name}`;

/**
 * Updates average ← value + (average - value)·decay, for new parameter values by name. The program gains the run input
 * `decay`, so that ramps are possible.
 */
export function averageUpdates(values: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const decay = input("decay", []);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const average = input(averageName(name), value.shape);
      return [averageName(name), add(value, mul(sub(average, value), decay))];
    }),
  );
}
