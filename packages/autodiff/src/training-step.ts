/**
 * @file A training step cut into parts: a batch's images go through the graph a few at a time, on as many threads as the
 * device has, and the parameters are updated once with the mean of the parts' gradients. Memory is that of one part a
 * thread. Parts are added in the order of their images, so that the result is the same, bit by bit, for any number of
 * threads.
 */
import type { Lane } from "@hale/runtime";
import { gradients } from "./graph.ts";
import { mul } from "./ops/elementwise.ts";
import { input } from "./ops/leaf.ts";
import { Program, type ProgramSpec, type State } from "./program.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface StepSpec {
  name: string;
  /** Images of each kind in a step. */
  batch: number;
  /**
   * The step's losses for `rows` images of each kind. All inputs that are not state have their images along axis 0, and
   * every output is a mean over images: nothing looks from one image to another.
   */
  trace(rows: number): { loss: Tensor; outputs: Readonly<Record<string, Tensor>> };
  /** What the loss is differentiated by. */
  parameters: ReadonlyMap<string, Tensor>;
  /** New values of state from the gradients, in the order of `parameters`. */
  updates(gradients: readonly Tensor[]): Readonly<Record<string, Tensor>>;
}

/** Images of each kind in a part: enough for efficient convolutions, few enough for the processor's caches. */
const PART = 4;

/** The largest divisor of the batch that is at most PART. */
export function rowsOf(batch: number): number {
  for (let rows = Math.min(PART, batch); ; rows--) if (batch % rows === 0) return rows;
}

/** A compiled step. */
export interface TrainingStep {
  /** Runs one step: returns the outputs, and replaces the updated state. */
  run(inputs: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** Compiles a step: in parts on a CPU, as one program elsewhere. */
export async function compileStep(state: State, spec: StepSpec): Promise<TrainingStep> {
  const rows = rowsOf(spec.batch);
  if (state.device.kind !== "cpu" || rows === spec.batch) return Program.compile(state, wholeStep(spec));
  return PartedStep.compile(state, spec, rows);
}

/** The step as one program for the whole batch. */
export function wholeStep(spec: StepSpec): ProgramSpec {
  const { loss, outputs } = spec.trace(spec.batch);
  return { name: spec.name, outputs, updates: spec.updates(gradients(loss, [...spec.parameters.values()])) };
}

const GRADIENT = "gradient:";

function addInto(sum: Float32Array, value: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += value[i];
}

class PartedStep implements TrainingStep {
  private constructor(
    private readonly part: Program,
    private readonly lanes: readonly Lane[],
    private readonly update: Program,
    private readonly parts: number,
    private readonly outputs: readonly string[],
    /** Of outputs and gradients over the parts. */
    private readonly sums: ReadonlyMap<string, Float32Array>,
    private readonly state: State,
  ) {}

  static async compile(state: State, spec: StepSpec, rows: number): Promise<PartedStep> {
    const { name, batch, parameters } = spec;
    const { device } = state;
    const { loss, outputs } = spec.trace(rows);
    // Each part's share of the mean, so that the parts' gradients need only be added.
    const slopes = gradients(mul(loss, rows / batch), [...parameters.values()]);
    const results: Record<string, Tensor> = { ...outputs };
    [...parameters.keys()].forEach((parameter, i) => {
      results[GRADIENT + parameter] = slopes[i];
    });
    const parts = batch / rows;
    const threads = Math.min(device.threads, parts);
    const part = await Program.compile(state, { name, outputs: results }, { threads: 1, keepOutputs: true });
    const arrays = (shapes: Iterable<readonly [string, Shape]>) =>
      Array.from(shapes, ([array, shape]) => ({ name: array, shape }));
    const reads = [...part.stateInputs.map((key) => [key, state.shapeOf(key)] as const), ...part.inputs];
    const writes = Object.entries(results).map(([key, { shape }]) => [key, shape] as const);
    const lanes: Lane[] = [];
    for (let i = 1; i < threads && device.openLane; i++) {
      lanes.push(await device.openLane(part.model.bytes, arrays(reads), arrays(writes)));
    }
    const sumsOf = [...parameters].map(([key, { shape }]) => input(GRADIENT + key, shape));
    // One thread again: those of a larger pool would go on spinning after the update and keep the lanes off their cores.
    const updates = spec.updates(sumsOf);
    const update = await Program.compile(state, { name: `${name} update`, updates }, { threads: 1 });
    const sums = new Map(writes.map(([key, shape]) => [key, new Float32Array(sizeOf(shape))]));
    return new PartedStep(part, lanes, update, parts, Object.keys(outputs), sums, state);
  }

  async run(inputs: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>> {
    const shared = this.stateValues();
    const together = 1 + this.lanes.length;
    for (let start = 0; start < this.parts; start += together) {
      const others = this.lanes
        .slice(0, this.parts - start - 1)
        .map((lane, i) => lane.run({ ...shared, ...this.imagesOf(inputs, start + 1 + i) }));
      // This thread works too; its results come first.
      const mine = this.part.run(this.imagesOf(inputs, start));
      const answers = await Promise.all([mine, ...others]);
      answers.forEach((answer, i) => {
        for (const [name, sum] of this.sums) {
          if (start + i === 0) sum.set(answer[name]);
          else addInto(sum, answer[name]);
        }
      });
    }
    await this.update.run({ ...inputs, ...Object.fromEntries(this.sums) });
    return Object.fromEntries(this.outputs.map((name) => [name, this.sums.get(name)!.map((v) => v / this.parts)]));
  }

  /** The inputs of part `index`: its images of every kind. */
  private imagesOf(inputs: Readonly<Record<string, Float32Array>>, index: number): Record<string, Float32Array> {
    const result: Record<string, Float32Array> = {};
    for (const [name, shape] of this.part.inputs) {
      const size = sizeOf(shape);
      if (inputs[name]?.length !== size * this.parts) {
        throw new RangeError(`${this.part.name}: ${name} needs ${this.parts} times [${shape}].`);
      }
      result[name] = inputs[name].subarray(index * size, (index + 1) * size);
    }
    return result;
  }

  /** What the lanes need of the state, which lives on this thread. */
  private stateValues(): Record<string, Float32Array> {
    if (this.lanes.length === 0) return {};
    const names = this.part.stateInputs;
    return Object.fromEntries(names.map((name) => [name, this.state.tensor(name).data as Float32Array]));
  }

  async release(): Promise<void> {
    for (const lane of this.lanes) await lane.release();
    await this.part.release();
    await this.update.release();
  }
}
