/** @file Adam as its paper writes it, in plain numbers, beside the graph's form. */
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { input } from "../ops/leaf.ts";
import { adamInputs, adamUpdates } from "./adam.ts";

test.each([0, 0.1])("ten steps with weight decay %d are those of Kingma and Ba", (weightDecay) => {
  const settings = { beta1: 0.6, beta2: 0.9, weightDecay };
  const rate = 0.05;
  const p = input("p", [2]);
  const updates = adamUpdates(new Map([["p", p]]), [input("g", [2])], settings);
  const names = Object.keys(updates);
  let state: Record<string, ArrayLike<number>> = { p: [1, -2] };
  for (const name of names) state[name] ??= [0, 0];

  const [x, m, v] = [
    [1, -2],
    [0, 0],
    [0, 0],
  ];
  for (let step = 1; step <= 10; step++) {
    const g = [Math.sin(step), 0.3 * step];
    const values = evaluate(Object.values(updates), { ...state, g, ...adamInputs(settings, step, rate) });
    state = Object.fromEntries(names.map((name, i) => [name, values[i].data]));
    for (let i = 0; i < 2; i++) {
      const slope = g[i] + weightDecay * x[i];
      m[i] = settings.beta1 * m[i] + (1 - settings.beta1) * slope;
      v[i] = settings.beta2 * v[i] + (1 - settings.beta2) * slope ** 2;
      const [first, second] = [m[i] / (1 - settings.beta1 ** step), v[i] / (1 - settings.beta2 ** step)];
      x[i] -= (rate * first) / (Math.sqrt(second) + 1e-8);
      // The inputs `rate` and `epsilon` are float32.
      expect(Math.abs(state.p[i] - x[i])).toBeLessThan(1e-6);
    }
  }
});
