import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { convLayer } from "./nn/layers.ts";
import { Parameters } from "./nn/parameters.ts";
import { relu, square, sub } from "./ops/elementwise.ts";
import { instanceNorm } from "./ops/normalisation.ts";
import { mean } from "./ops/reduction.ts";
import { adamInputs, adamState, adamUpdates } from "./optim/adam.ts";
import { type NamedArray, Program, State } from "./program.ts";
import { compileStep, rowsOf, type StepSpec, type TrainingStep, traceStep, wholeStep } from "./training-step.ts";

const BATCH = 12;
const adam = { learningRate: 1e-3, beta1: 0.5, beta2: 0.999 };

/** Two convolutions that learn to halve an image. */
function halving(part?: number): { spec: StepSpec; parameters: Parameters } {
  const parameters = new Parameters();
  const scope = parameters.scope("net");
  const inputs = { x: [1, 8, 8], half: [1, 8, 8] };
  const trace: StepSpec["trace"] = ({ x, half }) => {
    const hidden = relu(instanceNorm(convLayer(scope.child("a"), x, 16, 3, { pad: 1 })));
    const y = convLayer(scope.child("b"), hidden, 1, 3, { pad: 1 });
    const loss = mean(square(sub(y, half)));
    return { loss, outputs: { loss } };
  };
  traceStep({ inputs, trace }, 1);
  const own = parameters.trainable();
  return {
    parameters,
    spec: {
      name: "halving",
      batch: BATCH,
      part,
      inputs,
      trace,
      parameters: own,
      updates: (gradients) => adamUpdates(own, gradients, adam),
    },
  };
}

type Compile = (state: State, spec: StepSpec) => Promise<TrainingStep>;

/** Losses and last state of five steps. */
async function train(
  threads: number,
  compile: Compile,
  part?: number,
): Promise<{ losses: number[]; state: Map<string, NamedArray> }> {
  const { spec, parameters } = halving(part);
  const state = new State(await openDevice({ threads }));
  state.write(new Map([...parameters.initialise(new Random(1, "start")), ...adamState(spec.parameters)]));
  const step = await compile(state, spec);
  const random = new Random(2, "images");
  const losses: number[] = [];
  for (let i = 1; i <= 5; i++) {
    const x = random.normals(BATCH * 64);
    const { loss } = await step.run({ x, half: x.map((v) => v / 2), ...adamInputs(adam, i, adam.learningRate) });
    losses.push(loss[0]);
  }
  const result = await state.read();
  await step.release();
  return { losses, state: result };
}

const values = (state: Map<string, NamedArray>) => [...state.values()].flatMap(({ data }) => [...data]);

describe("a step in parts", () => {
  test("does what the whole batch at once does, up to rounding", async () => {
    const whole = await train(1, (state, spec) => Program.compile(state, wholeStep(spec)));
    const parts = await train(1, compileStep);
    parts.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(whole.losses[i], 5);
    });
    const expected = values(whole.state);
    values(parts.state).forEach((v, i) => {
      expect(Math.abs(v - expected[i])).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected[i])));
    });
    expect(whole.losses[4]).toBeLessThan(whole.losses[0]);
  });

  test.each([undefined, 1, BATCH])("ends with the same bits on one, two and three threads, part %s", async (part) => {
    const [one, two, three] = [
      await train(1, compileStep, part),
      await train(2, compileStep, part),
      await train(3, compileStep, part),
    ];
    expect(two.losses).toEqual(one.losses);
    expect(values(two.state)).toEqual(values(one.state));
    expect(values(three.state)).toEqual(values(one.state));
  });

  test("refuses inputs that are not a whole batch", async () => {
    const { spec, parameters } = halving();
    const state = new State(await openDevice({ threads: 2 }));
    state.write(new Map([...parameters.initialise(new Random(1, "start")), ...adamState(spec.parameters)]));
    const step = await compileStep(state, spec);
    const x = new Float32Array(64);
    await expect(step.run({ x, half: x, ...adamInputs(adam, 1, 1e-3) })).rejects.toThrow(/3 times/);
    await step.release();
  });
});

test("a thread passes on what ONNX Runtime says of a model that it cannot run", async () => {
  const device = await openDevice({ threads: 2 });
  await expect(device.openThread!(new Uint8Array([1, 2, 3]), [], [])).rejects.toThrow();
});

test.each([
  // batch, part, group, images a part
  [16, 4, 1, 4],
  [16, 32, 1, 8],
  [12, 8, 4, 4],
  [16, 8, 4, 8],
  [4, 8, 4, 4],
  [6, 4, 1, 3],
  [7, 4, 1, 1],
  [6, 8, 4, 6],
])("a batch of %i in parts of at most %i, groups of %i, goes through %i at a time", (batch, part, group, rows) => {
  expect(rowsOf({ batch, part, group })).toBe(rows);
});
