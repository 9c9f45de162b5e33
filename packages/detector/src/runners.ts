/**
 * @file Where a detector's batches run: in the device's session, or in threads with a session each. A batch takes the runner
 * that is free first; they all compute the same.
 */
import type { Device, FreeThread, InferenceSession } from "@hale/runtime";
import { INPUT } from "./outputs.ts";

export interface Results {
  /** Values by output. */
  outputs: Readonly<Record<string, Float32Array>>;
  /** The array of the pixels, for another batch. */
  pixels: Float32Array<ArrayBuffer>;
}

/** Runs a batch of pixels, [N, C, H, W], for the outputs of these names. The pixels are given away, and come back. */
export type Run = (
  pixels: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  outputs: readonly string[],
) => Promise<Results>;

/** On the session itself. */
export function sessionRun(session: InferenceSession, device: Device): Run {
  return async (pixels, shape, outputs) => {
    const results = await session.run({ [INPUT]: device.tensor(pixels, shape) }, outputs);
    return { outputs: Object.fromEntries(outputs.map((name) => [name, results[name].data as Float32Array])), pixels };
  };
}

/** In a thread. */
export function threadRun(thread: FreeThread): Run {
  return async (data, shape, outputs) => {
    const results = await thread.run({ [INPUT]: { data, shape } }, outputs);
    return {
      outputs: Object.fromEntries(outputs.map((name) => [name, results.outputs[name].data])),
      pixels: results.feeds[INPUT].data,
    };
  };
}

/** Runners that take one batch at a time each; batches beyond wait in their order. */
export class Runners {
  private readonly free: Run[];
  private readonly waiting: ((run: Run) => void)[] = [];
  private idle: (() => void)[] = [];

  constructor(private readonly runs: readonly Run[]) {
    this.free = [...runs];
  }

  /** How many batches run at the same time. */
  get count(): number {
    return this.runs.length;
  }

  readonly run: Run = async (...batch) => {
    const run = this.free.shift() ?? (await new Promise<Run>((resolve) => this.waiting.push(resolve)));
    try {
      return await run(...batch);
    } finally {
      const next = this.waiting.shift();
      if (next) next(run);
      else this.free.push(run);
      if (this.free.length === this.runs.length) for (const resolve of this.idle.splice(0)) resolve();
    }
  };

  /** Once no batch runs or waits. */
  async settled(): Promise<void> {
    if (this.free.length < this.runs.length) await new Promise<void>((resolve) => this.idle.push(resolve));
  }
}
