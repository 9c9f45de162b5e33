/** @file What a run tells while it goes on, what it can be told, and what it ends with: the same for both kinds of learning. */
import type { NamedArray } from "@hale/autodiff";
import type { Dataset, Skipped } from "@hale/data";
import type { ImageShape, Method, Recipe } from "@hale/methods";
import type { Partition } from "../partition.ts";
import type { ImageSource, ItemImages } from "./run-images.ts";
import type { RunLooks } from "./run-looks.ts";
import type { RunSettings } from "./run-settings.ts";

export interface SelectionPoint {
  iteration: number;
  pseudoAuc: number;
}

/** What a run will do, told before it begins. Iterations of a fit are normals. */
export interface RunPlan {
  partition: Partition;
  skipped: Skipped[];
  dataset: Dataset;
  /** Trainable values, in all networks; 0 for a fit. */
  parameters: number;
  /** From a rehearsal of a few steps: seconds left and peak memory in bytes, 0 where that cannot be known. */
  seconds: number;
  memory: number;
  resumedAt: number;
  damaged: string[];
  /** What is odd but usable in scans, and in what is taken over from another run. */
  notes: string[];
}

export interface RunEvents {
  onProgress?(what: string, done: number, total: number): void;
  onPlan?(plan: RunPlan): void;
  onStep?(step: { iteration: number; iterations: number; losses: Record<string, number>; secondsLeft: number }): void;
  onSelection?(point: SelectionPoint, best: boolean): void;
  onCheckpoint?(iteration: number): void;
  /** A picture of how far the run has come, by its file in the run: a PNG. */
  onPicture?(file: string, png: Uint8Array): void;
}

export interface RunControl {
  /** Stops the run after its present step, with a checkpoint, and throws `Interrupted`. */
  signal?: AbortSignal;
  /** Ends here instead of at the last iteration or normal, as if the run were done; it can go on later. */
  until?: number;
  /** Asked with the plan before anything is learnt; what it throws ends the run. */
  proceed?(plan: RunPlan): Promise<void>;
}

/** What a run has learnt when it ends. */
export interface Learnt {
  /** Arrays that the detector is made of: those of the selected iteration. */
  arrays: ReadonlyMap<string, NamedArray>;
  /** The same arrays after the last iteration. */
  lastArrays: ReadonlyMap<string, NamedArray>;
  /** Iterations done; of a fit, normals. */
  iteration: number;
  selected: { iteration: number; pseudoAuc: number | null };
  selections: SelectionPoint[];
  seconds: number;
}

export interface FinishedRun extends Learnt {
  settings: RunSettings;
  plan: RunPlan;
  method: Method;
  recipe: Recipe;
  shape: ImageShape;
  /** Images that set the threshold. */
  threshold: ItemImages;
  /** How the images look that were used, and their hashes. */
  looks: RunLooks;
  /** Where these still are as they were decoded. */
  source: Pick<ImageSource, "read">;
}

/** A run was interrupted on request, after its checkpoint was written. */
export class Interrupted extends Error {
  constructor(
    readonly folder: string,
    /** Iterations done; of a fit, normals. */
    readonly iteration: number,
    unit: "iteration" | "normal" = "iteration",
  ) {
    super(`Stopped at ${unit} ${iteration}, and saved.`);
  }
}

/** Lets signals, messages and timers through: a run of a session blocks the event loop. */
export function breathe(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate) return void setImmediate(resolve);
    // Where a page is not looked at, its timers wait up to a second; messages do not.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
