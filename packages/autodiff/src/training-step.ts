/**
 * @file A training step cut into parts: a batch's images go through the graph a few at a time, on as many threads as the
 * device has, and the parameters are updated once with the mean of the parts' gradients. Memory is that of one part a
 * thread. Parts are added in the order of their images, so that the result is the same, bit by bit, for any number of
 * threads.
 */
import type { SessionThread } from "@hale/runtime";
import { gradients } from "./graph.ts";
import { add, mul } from "./ops/elementwise.ts";
import { input } from "./ops/leaf.ts";
import { Program, type ProgramSpec, type State } from "./program.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface StepSpec {
  name: string;
  /** Images of each kind in a step. */
  batch: number;
  /**
   * Images of each kind in a part, 4 by default: enough for efficient convolutions, few enough for the processor's caches.
   * More are better where a step spends its time on weights rather than on images.
   */
  part?: number;
  /** Images that look at one another, neighbours in the batch: a part has whole groups of them. None by default. */
  group?: number;
  /** What an image brings with it: names and shapes, which in the step's inputs have an axis of images in front. */
  inputs: Readonly<Record<string, Shape>>;
  /** The losses, all of them means over images: nothing looks from one group to another. */
  trace(inputs: Readonly<Record<string, Tensor>>): { loss: Tensor; outputs: Readonly<Record<string, Tensor>> };
  /** What the loss is differentiated by. */
  parameters: ReadonlyMap<string, Tensor>;
  /** New values of state from the gradients, in the order of `parameters`. */
  updates(gradients: readonly Tensor[]): Readonly<Record<string, Tensor>>;
}

/** The most images that divide the batch, are whole groups, are at most `part` and leave work for a second thread. */
export function rowsOf({ batch, part = 4, group = 1 }: Pick<StepSpec, "batch" | "part" | "group">): number {
  if (batch % group !== 0) return batch;
  const most = Math.max(group, Math.min(part, Math.floor(batch / 2)));
  for (let rows = most - (most % group); ; rows -= group) if (batch % rows === 0) return rows;
}

/** A compiled step. */
export interface TrainingStep {
  /** Runs one step: returns the outputs, and replaces the updated state. */
  run(inputs: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** Compiles a step: in parts on a CPU, as one program elsewhere. */
export async function compileStep(state: State, spec: StepSpec): Promise<TrainingStep> {
  const rows = rowsOf(spec);
  if (state.device.kind !== "cpu" || rows === spec.batch) return Program.compile(state, wholeStep(spec));
  return PartedStep.compile(state, spec);
}

/** A step's losses for `rows` images. */
export function traceStep(spec: Pick<StepSpec, "inputs" | "trace">, rows: number): ReturnType<StepSpec["trace"]> {
  const inputs = Object.entries(spec.inputs).map(([name, shape]) => [name, input(name, [rows, ...shape])]);
  return spec.trace(Object.fromEntries(inputs));
}

/** The step as one program for the whole batch. */
export function wholeStep(spec: StepSpec): ProgramSpec {
  const { loss, outputs } = traceStep(spec, spec.batch);
  return { name: spec.name, outputs, updates: spec.updates(gradients(loss, [...spec.parameters.values()])) };
}

const GRADIENT = "gradient:";

/**
 * What one part of a step works out on a CPU, by name: its losses, and each gradient's share of the batch's mean, so that
 * the parts' gradients need only be added. And how many parts there are.
 */
export function partOf(spec: StepSpec): {
  results: Record<string, Tensor>;
  outputs: Readonly<Record<string, Tensor>>;
  parts: number;
} {
  const rows = rowsOf(spec);
  const { loss, outputs } = traceStep(spec, rows);
  const derivatives = gradients(mul(loss, rows / spec.batch), [...spec.parameters.values()]);
  const names = [...spec.parameters.keys()].map((key) => GRADIENT + key);
  const results = { ...outputs, ...Object.fromEntries(names.map((name, i) => [name, derivatives[i]])) };
  return { results, outputs, parts: spec.batch / rows };
}

/** What part `i` of the last round gives is an input of the update by this name. */
const lastRound = (i: number, output: string) => `${i}:${output}`;

type Arrays = Readonly<Record<string, Float32Array>>;
type Sums = ReadonlyMap<string, Float32Array>;

const zeros = (tensors: Readonly<Record<string, Tensor>>): Sums =>
  new Map(Object.entries(tensors).map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape))]));

/** Adds the parts' arrays to the sums, part by part; the first of a step replaces them. */
function addTo(sums: Sums, parts: readonly Arrays[], first: boolean): void {
  for (const [name, sum] of sums) {
    parts.forEach((part, i) => {
      const value = part[name];
      if (first && i === 0) sum.set(value);
      else for (let at = 0; at < sum.length; at++) sum[at] += value[at];
    });
  }
}

class PartedStep implements TrainingStep {
  /** Which version of each state array a thread has. */
  private readonly sent = new Map<SessionThread, Map<string, number>>();

  private constructor(
    private readonly state: State,
    private readonly part: Program,
    private readonly threads: readonly SessionThread[],
    private readonly update: Program,
    private readonly parts: number,
    /** Sums of the outputs over all parts. */
    private readonly outputs: Sums,
    /** Sums of the gradients over the parts of all rounds but the last, to which the update adds the last. */
    private readonly gradients: Sums,
  ) {
    for (const thread of threads) this.sent.set(thread, new Map());
  }

  static async compile(state: State, spec: StepSpec): Promise<PartedStep> {
    const { name, parameters } = spec;
    const { device } = state;
    const { results, outputs, parts } = partOf(spec);
    const gradientOf = Object.fromEntries(Object.entries(results).filter(([key]) => key.startsWith(GRADIENT)));
    const part = await Program.compile(state, { name, outputs: results }, { threads: 1, keepOutputs: true });

    const threads: SessionThread[] = [];
    const reads = [...part.stateInputs.map((key) => ({ name: key, shape: state.shapeOf(key) })), ...part.inputs];
    const writes = Object.entries(results).map(([key, { shape }]) => ({ name: key, shape }));
    for (let i = 1; i < Math.min(device.threads, parts) && device.openThread; i++) {
      threads.push(await device.openThread(part.model.bytes, reads, writes));
    }

    const together = 1 + threads.length;
    const summed = Math.floor((parts - 1) / together) * together;
    const sumOf = (key: string, { shape }: Tensor) => {
      const last = Array.from({ length: parts - summed }, (_, i) => input(lastRound(i, GRADIENT + key), shape));
      return (summed === 0 ? last : [input(GRADIENT + key, shape), ...last]).reduce((sum, part) => add(sum, part));
    };
    const updates = spec.updates([...parameters].map(([key, tensor]) => sumOf(key, tensor)));
    const update = await Program.compile(state, { name: `${name} update`, updates }, { idleThreadsSleep: true });
    return new PartedStep(state, part, threads, update, parts, zeros(outputs), zeros(summed === 0 ? {} : gradientOf));
  }

  async run(inputs: Arrays): Promise<Record<string, Float32Array>> {
    const together = 1 + this.threads.length;
    for (let start = 0; ; start += together) {
      const answers = await this.round(inputs, start);
      addTo(this.outputs, answers, start === 0);
      if (start + together < this.parts) {
        addTo(this.gradients, answers, start === 0);
        continue;
      }
      const last = answers.flatMap((answer, i) => Object.entries(answer).map(([key, v]) => [lastRound(i, key), v]));
      await this.update.run({ ...inputs, ...Object.fromEntries(this.gradients), ...Object.fromEntries(last) });
      return Object.fromEntries([...this.outputs].map(([name, sum]) => [name, sum.map((v) => v / this.parts)]));
    }
  }

  /** Parts from `start` on, one a thread, in order. */
  private round(inputs: Arrays, start: number): Promise<Arrays[]> {
    const others = this.threads
      .slice(0, this.parts - start - 1)
      .map((thread, i) => thread.run({ ...this.newState(thread), ...this.imagesOf(inputs, start + 1 + i) }));
    // This thread works too.
    return Promise.all([this.part.run(this.imagesOf(inputs, start)), ...others]);
  }

  /** The inputs of part `index`: its images of every kind. */
  private imagesOf(inputs: Arrays, index: number): Record<string, Float32Array> {
    const result: Record<string, Float32Array> = {};
    for (const { name, shape } of this.part.inputs) {
      const size = sizeOf(shape);
      if (inputs[name]?.length !== size * this.parts) {
        throw new RangeError(`${this.part.name}: ${name} needs ${this.parts} times [${shape}].`);
      }
      result[name] = inputs[name].subarray(index * size, (index + 1) * size);
    }
    return result;
  }

  /** What has changed of the state that a thread reads since it ran last. */
  private newState(thread: SessionThread): Record<string, Float32Array> {
    const sent = this.sent.get(thread)!;
    const changed = this.part.stateInputs.filter((name) => sent.get(name) !== this.state.version(name));
    for (const name of changed) sent.set(name, this.state.version(name));
    return Object.fromEntries(changed.map((name) => [name, this.state.tensor(name).data as Float32Array]));
  }

  async release(): Promise<void> {
    for (const thread of this.threads) await thread.release();
    await this.part.release();
    await this.update.release();
  }
}
