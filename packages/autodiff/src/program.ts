/**
 * @file Programs: compiled steps that own no numbers themselves but read and write a shared `State`, which stays on the
 * device between steps. A training step, an optimiser update, a moving average are each one run of one program.
 */
import type { Device, FloatTensor, InferenceSession, OrtTensor } from "@hale/runtime";
import { topologicalOrder } from "./graph.ts";
import { machineOf } from "./lowering/conv-block.ts";
import { type LoweredModel, lower } from "./lowering/lower.ts";
import type { Numerics } from "./lowering/onnx-graph.ts";
import { input, inputName } from "./ops/leaf.ts";
import { type Shape, sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface NamedArray {
  shape: Shape;
  data: Float32Array;
}

/** Named float32 arrays on a device: parameters, moments, averages. Programs replace them as they run. */
export class State {
  private readonly current = new Map<string, OrtTensor>();
  /** On the CPU each array has a second one that the next update is written into, so that steps allocate nothing. */
  private readonly spare = new Map<string, FloatTensor>();
  private readonly shapes = new Map<string, Shape>();
  private readonly versions = new Map<string, number>();

  constructor(
    readonly device: Device,
    /** How the programs that read and write it compute. */
    readonly numerics: Numerics = {},
  ) {}

  /** Adds or replaces arrays. The data is copied. */
  write(arrays: ReadonlyMap<string, NamedArray>): void {
    for (const [name, { shape, data }] of arrays) {
      if (data.length !== sizeOf(shape)) throw new RangeError(`${name} has ${data.length} values for [${shape}].`);
      this.shapes.set(name, shape);
      this.replace(name, this.device.tensor(data.slice(), shape));
    }
  }

  get names(): string[] {
    return [...this.shapes.keys()];
  }

  has(name: string): boolean {
    return this.shapes.has(name);
  }

  shapeOf(name: string): Shape {
    const shape = this.shapes.get(name);
    if (!shape) throw new Error(`There is no state named ${name}.`);
    return shape;
  }

  /** Copies of the arrays, in host memory; all of them by default. */
  async read(names: readonly string[] = this.names): Promise<Map<string, NamedArray>> {
    if (this.device.kind === "webgpu") return this.readFromGpu(names);
    return new Map(
      names.map((name) => {
        const data = this.current.get(name)!.data as Float32Array;
        return [name, { shape: this.shapeOf(name), data: data.slice() }];
      }),
    );
  }

  /** @internal The tensor that holds an array now. */
  tensor(name: string): OrtTensor {
    return this.current.get(name)!;
  }

  /** @internal Grows whenever an array takes a new value. */
  version(name: string): number {
    return this.versions.get(name)!;
  }

  /** @internal Host memory for the next value of an array (CPU and Wasm only). */
  spareFor(name: string): FloatTensor {
    let tensor = this.spare.get(name);
    if (!tensor) {
      const shape = this.shapeOf(name);
      tensor = this.device.tensor(new Float32Array(sizeOf(shape)), shape);
      this.spare.set(name, tensor);
    }
    return tensor;
  }

  /** @internal Takes a new value; the old one becomes the spare, or is freed on a GPU. */
  replace(name: string, value: OrtTensor): void {
    const old = this.current.get(name);
    this.current.set(name, value);
    this.versions.set(name, (this.versions.get(name) ?? 0) + 1);
    if (!old) return;
    if (old.location === "gpu-buffer") old.dispose();
    else if (this.device.kind !== "webgpu") this.spare.set(name, old as FloatTensor);
  }

  /** Frees device memory. */
  dispose(): void {
    for (const tensor of this.current.values()) if (tensor.location === "gpu-buffer") tensor.dispose();
    this.current.clear();
    this.spare.clear();
    this.shapes.clear();
    this.versions.clear();
  }

  /** ONNX Runtime in Node cannot download a GPU tensor by itself (1.30); a graph of copies with host outputs can. */
  private async readFromGpu(names: readonly string[]): Promise<Map<string, NamedArray>> {
    const result = new Map<string, NamedArray>();
    for (const name of names) {
      const shape = this.shapeOf(name);
      const tensor = this.current.get(name)!;
      if (tensor.location !== "gpu-buffer") {
        result.set(name, { shape, data: (tensor.data as Float32Array).slice() });
        continue;
      }
      const model = lower("read", { value: input("source", shape) }, { target: "webgpu" });
      const session = await this.device.createSession(model.bytes, { outputs: ["value"] });
      const { value } = await session.run({ source: tensor });
      result.set(name, { shape, data: (value.data as Float32Array).slice() });
      await session.release();
    }
    return result;
  }
}

export interface ProgramSpec {
  name: string;
  /** What a run returns, in host memory. */
  outputs?: Readonly<Record<string, Tensor>>;
  /** New values of state arrays, by name. */
  updates?: Readonly<Record<string, Tensor>>;
}

export interface ProgramOptions {
  /** Writes ONNX Runtime's profile to a file with this prefix. */
  profile?: string;
  /** Threads inside one op, where fewer than the device's. */
  threads?: number;
  /** Idle threads leave their cores to others. */
  idleThreadsSleep?: boolean;
  /** Every run writes its outputs into the arrays of the one before (CPU), which spares their allocation. */
  keepOutputs?: boolean;
}

/** Prefixes keep outputs and updates apart in one ONNX graph. */
const UPDATE = "update:";

/** A compiled step. Inputs that bear the name of a state array read it; all others are given at each run. */
export class Program {
  private constructor(
    readonly name: string,
    private readonly state: State,
    private readonly session: InferenceSession,
    /** Names of the state arrays that it reads. */
    readonly stateInputs: readonly string[],
    /** What `run` expects. */
    readonly inputs: readonly { name: string; shape: Shape }[],
    private readonly updates: readonly string[],
    /** Where outputs are written, by name; null lets ONNX Runtime allocate. */
    private readonly places: ReadonlyMap<string, FloatTensor | null>,
    /** As ONNX Runtime got it, before its own optimisation. */
    readonly model: LoweredModel,
  ) {}

  static async compile(
    state: State,
    spec: ProgramSpec,
    { keepOutputs = false, ...options }: ProgramOptions = {},
  ): Promise<Program> {
    const { outputs = {}, updates = {} } = spec;
    const all: Record<string, Tensor> = { ...outputs };
    for (const [name, value] of Object.entries(updates)) {
      const shape = state.shapeOf(name);
      if (sizeOf(shape) !== sizeOf(value.shape))
        throw new RangeError(`${name} is [${shape}], its update [${value.shape}].`);
      all[UPDATE + name] = value;
    }
    const machine = await machineOf(state.device);
    const model = lower(spec.name, all, { target: state.device.kind, ...machine, ...state.numerics });
    const shapes = new Map<string, Shape>();
    for (const tensor of topologicalOrder(Object.values(all))) {
      const name = inputName(tensor);
      if (name !== null) shapes.set(name, tensor.shape);
    }
    const resident = Object.keys(updates).map((name) => UPDATE + name);
    const session = await state.device.createSession(model.bytes, {
      outputs: Object.keys(all),
      resident,
      ...options,
    });
    const placeOf = (shape: Shape) => state.device.tensor(new Float32Array(sizeOf(shape)), shape);
    const used = model.inputs.filter((name) => shapes.has(name));
    return new Program(
      spec.name,
      state,
      session,
      used.filter((name) => state.has(name)),
      used.filter((name) => !state.has(name)).map((name) => ({ name, shape: shapes.get(name)! })),
      Object.keys(updates),
      new Map(Object.entries(outputs).map(([name, { shape }]) => [name, keepOutputs ? placeOf(shape) : null])),
      model,
    );
  }

  /** Runs one step: returns the outputs and replaces the updated state. */
  async run(given: Readonly<Record<string, Float32Array>> = {}): Promise<Record<string, Float32Array>> {
    const { device } = this.state;
    const feeds: Record<string, OrtTensor> = {};
    for (const name of this.stateInputs) feeds[name] = this.state.tensor(name);
    for (const { name, shape } of this.inputs) {
      const data = given[name];
      if (!data) throw new Error(`The program ${this.name} needs the input ${name}.`);
      if (data.length !== sizeOf(shape))
        throw new RangeError(`${this.name}: ${name} needs [${shape}], got ${data.length} values.`);
      feeds[name] = device.tensor(data, shape);
    }
    const fetches: Record<string, OrtTensor | null> = {};
    for (const [name, place] of this.places) fetches[name] = place;
    for (const name of this.updates) fetches[UPDATE + name] = device.kind === "cpu" ? this.state.spareFor(name) : null;
    const results = await this.session.run(feeds, fetches);
    for (const name of this.updates) this.state.replace(name, results[UPDATE + name]);
    return Object.fromEntries([...this.places.keys()].map((name) => [name, results[name].data as Float32Array]));
  }

  /** Frees the compiled session; with profiling on, this writes the profile. */
  async release(): Promise<void> {
    this.session.endProfiling?.();
    await this.session.release();
  }
}
