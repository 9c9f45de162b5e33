/**
 * @file The one read-only object in which places differ: what runs ONNX here, on which device, with what it can do.
 * `@hale/runtime/node` and `@hale/runtime/web` open one; nothing else imports ONNX Runtime.
 */
import type { InferenceSession, Tensor as OrtTensor, TypedTensor } from "onnxruntime-common";

export type FloatTensor = TypedTensor<"float32">;
export type { InferenceSession, OrtTensor };

export type DeviceKind = "cpu" | "webgpu" | "wasm";

export interface Device {
  readonly kind: DeviceKind;
  /** Threads inside one op; 1 on WebGPU. */
  readonly threads: number;
  /** Where it runs, for reports: "node" or "browser". */
  readonly host: "node" | "browser";
  /** Version of ONNX Runtime. */
  readonly version: string;
  /** The processor, as its maker names it; only where the device is a CPU that says so (Node). */
  readonly processor?: string;
  /** Compiles a model. Outputs named in `resident` stay on the device. */
  createSession(model: Uint8Array, options?: SessionOptions): Promise<InferenceSession>;
  /** A tensor in host memory. */
  tensor(data: Float32Array, shape: readonly number[]): FloatTensor;
  /** Starts another thread that runs `model` with one thread inside; only where there are such threads (Node's CPU). */
  openThread?(model: Uint8Array, inputs: readonly NamedShape[], outputs: readonly NamedShape[]): Promise<SessionThread>;
  /** The same for inputs of any shape. */
  openFreeThread?(model: Uint8Array): Promise<FreeThread>;
}

/** Name and shape of a float32 array that a model takes or gives. */
export interface NamedShape {
  name: string;
  shape: readonly number[];
}

/** A thread with a session of its own. One run at a time. */
export interface SessionThread {
  /**
   * Copies the feeds, runs, and returns the outputs, in arrays that the next run takes back. Inputs without a feed keep the
   * value of the run before. A thread whose run has failed cannot be used again.
   */
  run(feeds: Readonly<Record<string, ArrayLike<number>>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** An array with its shape. */
export interface ShapedArray {
  data: Float32Array<ArrayBuffer>;
  shape: readonly number[];
}

/** A thread with a session of its own and inputs of any shape. One run at a time. */
export interface FreeThread {
  /** Runs for the outputs of these names. The feeds are handed over and empty afterwards; they come back with the outputs. */
  run(
    feeds: Readonly<Record<string, ShapedArray>>,
    outputs: readonly string[],
  ): Promise<{ feeds: Record<string, ShapedArray>; outputs: Record<string, ShapedArray> }>;
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Outputs that stay on the device (WebGPU); all others come to host memory. */
  resident?: readonly string[];
  /** Threads inside one op, where fewer than the device's. */
  threads?: number;
  /** Idle threads sleep instead of asking for work, which leaves their cores to others. */
  idleThreadsSleep?: boolean;
  /** Freed memory is kept for the next run instead of given back: for sessions that run often. */
  arena?: boolean;
  /** Names of all outputs; needed with `resident`. */
  outputs?: readonly string[];
  /** Writes ONNX Runtime's profile to a file with this prefix. */
  profile?: string;
}
