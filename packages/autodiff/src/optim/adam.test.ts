/** @file Adam as its paper writes it, in plain numbers, beside the graph's form. */
import { openDevice } from "@hale/runtime/node";
import { expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { input } from "../ops/leaf.ts";
import { Program, State } from "../program.ts";
import { adamInputs, adamState, adamUpdates } from "./adam.ts";

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
      const gradient = g[i] + weightDecay * x[i];
      m[i] = settings.beta1 * m[i] + (1 - settings.beta1) * gradient;
      v[i] = settings.beta2 * v[i] + (1 - settings.beta2) * gradient ** 2;
      const [first, second] = [m[i] / (1 - settings.beta1 ** step), v[i] / (1 - settings.beta2 ** step)];
      x[i] -= (rate * first) / (Math.sqrt(second) + 1e-8);
      // The inputs `rate` and `epsilon` are float32.
      expect(Math.abs(state.p[i] - x[i])).toBeLessThan(1e-6);
    }
  }
});

test.each([4, 2000])("a guard takes gradients that are not numbers for 0 and 100 000, of %d values", async (count) => {
  const options = { learningRate: 0.1, beta1: 0.5, beta2: 0.9 };
  const parameters = new Map([["p", input("p", [count])]]);
  const state = new State(await openDevice({ threads: 1 }));
  const step = async (guarded: boolean, given: readonly number[]) => {
    state.write(new Map([...adamState(parameters), ["p", { shape: [count], data: new Float32Array(count).fill(1) }]]));
    const updates = adamUpdates(parameters, [input("g", [count])], { ...options, guarded });
    const program = await Program.compile(state, { name: "adam", updates });
    const g = Float32Array.from({ length: count }, (_, i) => given[i % 4]);
    await program.run({ g, ...adamInputs(options, 1, options.learningRate) });
    await program.release();
    return [...(await state.read()).values()].map(({ data }) => data);
  };
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5];
  expect(await step(true, bad)).toEqual(await step(false, [0, 1e5, -1e5, 0.5]));
  expect((await step(false, bad))[0][0]).toBeNaN();
  // Numbers stay as they are, to the bit and to the last one.
  const good = [3.4e38, -1e-30, 2e5, 0.5];
  expect(await step(true, good)).toEqual(await step(false, good));
});
