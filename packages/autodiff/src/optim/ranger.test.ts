/** @file Ranger as its papers write it, in plain numbers, beside the compiled graph. */

import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { input } from "../ops/leaf.ts";
import { type NamedArray, Program, State } from "../program.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { rangerInputs, rangerState, rangerUpdates } from "./ranger.ts";

const RATE = 0.01;

/** One parameter under Ranger with the published settings, in float64. */
class Textbook {
  private readonly m: Float64Array;
  private readonly v: Float64Array;
  private readonly slow: Float64Array;
  private step = 0;

  constructor(
    readonly value: Float64Array,
    private readonly shape: Shape,
  ) {
    this.m = new Float64Array(value.length);
    this.v = new Float64Array(value.length);
    this.slow = value.slice();
  }

  take(gradient: ArrayLike<number>): void {
    const t = ++this.step;
    const [beta1, beta2, epsilon, limit] = [0.95, 0.999, 1e-5, 1999];
    const g = this.centralise(Float64Array.from(gradient));
    const n = limit - (2 * t * beta2 ** t) / (1 - beta2 ** t);
    g.forEach((value, i) => {
      this.m[i] = beta1 * this.m[i] + (1 - beta1) * value;
      this.v[i] = beta2 * this.v[i] + (1 - beta2) * value ** 2;
      const momentum = this.m[i] / (1 - beta1 ** t);
      if (n <= 5) {
        this.value[i] -= RATE * momentum;
        return;
      }
      const rectification = Math.sqrt(((n - 4) * (n - 2) * limit) / ((limit - 4) * (limit - 2) * n));
      const adaptive = Math.sqrt(1 - beta2 ** t) / (Math.sqrt(this.v[i]) + epsilon);
      this.value[i] -= RATE * rectification * momentum * adaptive;
    });
    if (t % 6 !== 0) return;
    this.value.forEach((fast, i) => {
      this.slow[i] += 0.5 * (fast - this.slow[i]);
      this.value[i] = this.slow[i];
    });
  }

  private centralise(g: Float64Array): Float64Array {
    if (this.shape.length < 2) return g;
    const width = g.length / this.shape[0];
    return g.map((value, i) => {
      const start = Math.floor(i / width) * width;
      return value - g.slice(start, start + width).reduce((total, v) => total + v, 0) / width;
    });
  }
}

/** The first and the third are joined into one vector, the second is not. */
const SHAPES: Record<string, Shape> = { matrix: [5, 7], large: [40, 3, 3, 3], bias: [5] };

const parameters = new Map(Object.entries(SHAPES).map(([name, shape]) => [name, input(name, shape)]));
const inputs = Object.entries(SHAPES).map(([name, shape]) => input(`gradient of ${name}`, shape));

const first = new Map<string, NamedArray>(
  Object.entries(SHAPES).map(([name, shape]) => [name, { shape, data: new Random(1, name).normals(sizeOf(shape)) }]),
);

/** Gradients of a step. Those of the large weight are so small that √v is no larger than ε. */
function gradientsAt(step: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [
      `gradient of ${name}`,
      new Random(2, `${name}/${step}`).normals(sizeOf(shape)).map((v) => (v + 0.3) * (name === "large" ? 1e-4 : 1)),
    ]),
  );
}

test("one program is fourteen steps of the textbook", async () => {
  const state = new State(await openDevice({ threads: 1 }));
  state.write(new Map([...first, ...rangerState(parameters, first)]));
  const program = await Program.compile(state, { name: "ranger", updates: rangerUpdates(parameters, inputs) });
  const books = new Map(
    [...first].map(([name, { shape, data }]) => [name, new Textbook(Float64Array.from(data), shape)]),
  );
  for (let step = 1; step <= 14; step++) {
    const gradients = gradientsAt(step);
    await program.run({ ...gradients, ...rangerInputs({}, step, RATE) });
    for (const [name, book] of books) {
      book.take(gradients[`gradient of ${name}`]);
      const { data } = (await state.read([name])).get(name)!;
      book.value.forEach((v, i) => {
        expect(Math.abs(data[i] - v), `${name} in step ${step}`).toBeLessThan(1e-5);
      });
    }
  }
  await program.release();
  state.dispose();
});

describe("in float64", () => {
  const updates = rangerUpdates(parameters, inputs);
  const names = Object.keys(updates);
  type Arrays = Record<string, ArrayLike<number>>;
  const start: Arrays = Object.fromEntries(
    [...first, ...rangerState(parameters, first)].map(([name, { data }]) => [name, data]),
  );

  /** State after one step, where `changes` replace run inputs. */
  const after = (
    state: Arrays,
    step: number,
    gradients: Arrays,
    changes: Record<string, Float32Array> = {},
  ): Arrays => {
    const given = { ...state, ...gradients, ...rangerInputs({}, step, RATE), ...changes };
    const values = evaluate(Object.values(updates), given);
    return Object.fromEntries(names.map((name, i) => [name, values[i].data]));
  };

  test("the first step is lr·(g - mean g) for weights and lr·g for biases", () => {
    const gradients = gradientsAt(1);
    const state = after(start, 1, gradients);
    const bias = gradients["gradient of bias"];
    bias.forEach((g, i) => {
      expect(start.bias[i] - state.bias[i]).toBeCloseTo(RATE * g, 8);
    });
    const matrix = gradients["gradient of matrix"];
    matrix.forEach((g, i) => {
      const row = matrix.slice(7 * Math.floor(i / 7), 7 * Math.floor(i / 7) + 7);
      const average = row.reduce((total, v) => total + v, 0) / 7;
      expect(start.matrix[i] - state.matrix[i]).toBeCloseTo(RATE * (g - average), 8);
    });
  });

  test("slow weights rest for five steps; the sixth sets both to ½(slow + fast)", () => {
    let state = start;
    for (let step = 1; step <= 5; step++) {
      state = after(state, step, gradientsAt(step));
      expect(state["ranger/slow/matrix"]).toEqual(Float64Array.from(start.matrix));
    }
    const fast = after(state, 6, gradientsAt(6), { sync: Float32Array.of(0), keep: Float32Array.of(1) });
    const met = after(state, 6, gradientsAt(6));
    for (const name of Object.keys(SHAPES)) {
      expect(met[name]).toEqual(met[`ranger/slow/${name}`]);
      Array.from(met[name]).forEach((v, i) => {
        expect(v).toBeCloseTo((start[name][i] + fast[name][i]) / 2, 12);
        expect(fast[name][i]).not.toBe(start[name][i]);
      });
    }
  });
});

test("five steps are momentum, the sixth is rectified", () => {
  const rectified = [1, 2, 3, 4, 5, 6, 7].map((step) => rangerInputs({}, step, RATE).rectified[0]);
  expect(rectified).toEqual([0, 0, 0, 0, 0, 1, 1]);
  // In the end nothing is left to rectify: Adam's rate, (1-β₁)/√(1-β₂) of the learning rate on unnormalised moments.
  expect(rangerInputs({}, 100_000, RATE).rate[0] / ((RATE * 0.05) / Math.sqrt(0.001))).toBeCloseTo(1, 3);
});

test("a weight with one value an output moves, though its gradient less its mean would be nothing", () => {
  const weight = input("weight", [3, 1, 1, 1]);
  const updates = rangerUpdates(new Map([["weight", weight]]), [input("g", [3, 1, 1, 1])]);
  const zeros = [0, 0, 0];
  const moments = { "ranger/first/weight": zeros, "ranger/second/weight": zeros, "ranger/slow/weight": zeros };
  const given = { weight: zeros, g: [1, 2, 3], ...moments, ...rangerInputs({}, 1, RATE) };
  const [{ data }] = evaluate([updates.weight], given);
  data.forEach((v, i) => {
    expect(v).toBeCloseTo(-RATE * (i + 1), 8);
  });
});

test("slow weights need a value to begin at", () => {
  expect(() => rangerState(parameters, new Map())).toThrow(/matrix/);
});
