/**
 * @file Trains in a page's worker: the same run as Node's (`run/train.ts`), with its files in the origin's private file system
 * where the user agrees to that, and in memory where not. One run at a time; what it does is told by events, and asked of it by
 * `pause` and `stop`.
 */
import { HaleError, Random } from "@hale/core";
import type { Card } from "@hale/detector";
import type { Device } from "@hale/runtime";
import { openDevice } from "@hale/runtime/web";
import { checkDevice } from "../device-check.ts";
import type { RunFiles } from "../run/files.ts";
import { type MadeDetector, makeRunDetector } from "../run/finish.ts";
import { openLossLog, readLosses } from "../run/loss-log.ts";
import { memoryFiles } from "../run/memory-files.ts";
import { openMethod, type ReadBackbone } from "../run/opened-method.ts";
import { type FinishedRun, Interrupted, type RunEvents, type RunPlan } from "../run/run.ts";
import { isByGradient, type RunSettings, readRunSettings } from "../run/run-settings.ts";
import { type RunData, type RunPlace, trainRun } from "../run/train.ts";
import { type KeptRun, keepImages, readKeptImages } from "./kept-images.ts";
import { readNote, removeTabRun, tabRunFiles, withTabRun, writeNote } from "./tab-runs.ts";

export interface TabTrainerOptions {
  /** Folder that serves ONNX Runtime's files, ending in a slash; where the page's bundler has put them if missing. */
  assets?: string;
}

export interface NewTabRun {
  /** Names the run among those of the page: letters, digits and "-". */
  id: string;
  settings: RunSettings;
  data: RunData;
  /** Whether the user agrees that checkpoints and prepared images are kept on this machine until the run ends. */
  stored: boolean;
}

/** What became of a run: its detector, or a checkpoint to go on from. */
export type TabOutcome =
  | { kind: "paused"; iteration: number }
  | { kind: "detector"; iteration: number; bytes: Uint8Array; card: Card };

/** Before a run is begun, from settings and counts alone. Bytes. */
export interface TabEstimate {
  /** Trainable values. */
  parameters: number;
  /** Of images and of all state with its copies; what a step holds besides is not in it. */
  memory: number;
  /** Checkpoints and prepared images at most, without the pictures that set the threshold. */
  storage: number;
}

const ID = /^[a-z0-9-]{1,80}$/i;

export class TabTrainer {
  private controller: AbortController | null = null;
  private until: number | undefined;
  private iteration = 0;
  /** Runs that are kept nowhere else, with their data. */
  private readonly inMemory = new Map<string, { files: RunFiles; data: RunData; settings: RunSettings }>();

  constructor(private readonly options: TabTrainerOptions = {}) {}

  /** WebGPU where there is one that works out what it should, else WebAssembly and why. */
  async chooseDevice(): Promise<{ device: "webgpu" | "wasm"; reason: string }> {
    try {
      // Asked first: what WebGPU needs is large, and loaded for nothing where there is no adapter.
      const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
      if (!(await gpu?.requestAdapter())) {
        return { device: "wasm", reason: "This browser offers no graphics processor to compute on." };
      }
      const { ok, error, tolerance } = await checkDevice(await this.open("webgpu", 1));
      if (ok) return { device: "webgpu", reason: "The graphics processor passed the self-check." };
      return { device: "wasm", reason: `The graphics processor is off by ${error}; ${tolerance} is allowed.` };
    } catch (error) {
      const reason = error instanceof HaleError ? error.fault : `WebGPU failed: ${(error as Error).message}`;
      return { device: "wasm", reason };
    }
  }

  /** Throws OPTION_INVALID where the method does not take the settings, or cannot learn in a page. */
  async estimate(settings: RunSettings, images: { learnt: number; heldOut: number }): Promise<TabEstimate> {
    const { recipe, shape } = await openMethod(settings, noBackbone);
    const image = shape.channels * shape.size ** 2 * 4;
    const ofImages = (images.learnt + images.heldOut) * image;
    if (recipe.learning === "fit") return { parameters: 0, memory: 2 * ofImages, storage: 2 * ofImages };
    const state = [...recipe.initialState(new Random(settings.seed, "initialise")).values()];
    const bytes = state.reduce((sum, { data }) => sum + data.byteLength, 0);
    return {
      parameters: recipe.parameters.count(),
      // The state twice, since each update makes it anew, and once more while a checkpoint is written.
      memory: ofImages + 4 * bytes,
      storage: ofImages + (settings.keep + 1) * 2 * bytes,
    };
  }

  /** Begins a run. Throws RUN_BUSY, what `trainRun` throws, and DISK_FULL where the browser grants too little. */
  async start(
    { id, settings, data, stored }: NewTabRun,
    events: RunEvents = {},
    control: Proceed = {},
  ): Promise<TabOutcome> {
    if (!ID.test(id)) throw new RangeError(`"${id}" cannot name a run.`);
    if (!stored) {
      const files = memoryFiles(id);
      this.inMemory.set(id, { files, data, settings });
      return this.train(id, files, settings, data, events, control);
    }
    const now = Date.now();
    return withTabRun(id, async () => {
      await writeNote(id, { title: data.dataset.name, method: settings.method, begun: now, used: now, kept: false });
      return this.train(id, tabRunFiles(id), settings, data, events, control);
    });
  }

  /** Goes on with a run that was paused, in this page or before it was reloaded. Throws FILE_NOT_FOUND for one that cannot. */
  async resume(id: string, events: RunEvents = {}, control: Proceed = {}): Promise<TabOutcome> {
    const here = this.inMemory.get(id);
    if (here) return this.train(id, here.files, here.settings, here.data, events, control);
    return withTabRun(id, async () => {
      const files = tabRunFiles(id);
      const settings = await readRunSettings(files);
      const kept = await readKeptImages(files);
      if (!kept) {
        throw new HaleError(
          "FILE_NOT_FOUND",
          "The run ended before its images were kept, so that it cannot go on.",
          "Erase it and start it again.",
        );
      }
      return this.train(id, files, settings, kept, events, control);
    });
  }

  /** The losses of a run so far. */
  losses(id: string) {
    return readLosses(this.inMemory.get(id)?.files ?? tabRunFiles(id));
  }

  /** Lets the run save where it is and end, to go on later. */
  pause(): void {
    this.controller?.abort();
  }

  /** Ends the run where it is, as if it were done: with a detector. It can be trained on. */
  stop(): void {
    this.until = Math.max(1, this.iteration);
  }

  /** Gives up a run that is in memory alone. */
  forget(id: string): void {
    this.inMemory.delete(id);
  }

  private async train(
    id: string,
    files: RunFiles,
    settings: RunSettings,
    data: RunData | KeptRun,
    events: RunEvents,
    { proceed }: Proceed,
  ): Promise<TabOutcome> {
    if (this.controller) throw new HaleError("RUN_BUSY", "A run is trained already.", "Pause it first.");
    const controller = new AbortController();
    this.controller = controller;
    this.until = undefined;
    this.iteration = 0;
    const trainer = this;
    try {
      const finished = await trainRun(
        this.place(id, files, data),
        settings,
        {
          ...events,
          onStep(step) {
            trainer.iteration = step.iteration;
            events.onStep?.(step);
          },
        },
        {
          signal: controller.signal,
          get until() {
            return trainer.until;
          },
          proceed,
        },
      );
      return await this.finish(id, finished);
    } catch (error) {
      if (error instanceof Interrupted) return { kind: "paused", iteration: error.iteration };
      throw error;
    } finally {
      this.controller = null;
      await this.touch(id);
    }
  }

  private place(id: string, files: RunFiles, data: RunData | KeptRun): RunPlace {
    const kept = "images" in data ? data.images : null;
    return {
      files,
      openData: async () => data,
      keptImages: async () => kept,
      openDevice: ({ device, threads }) => this.open(device === "webgpu" ? "webgpu" : "wasm", threads),
      openLog: (iteration) => openLossLog(files, iteration),
      readBackbone: noBackbone,
      inherit() {
        throw new HaleError(
          "OPTION_INVALID",
          "A run in a page takes over nothing from another run.",
          "Train that stage with the command, or leave the setting out.",
        );
      },
      keep: async (images) => {
        if (!kept && !this.inMemory.has(id)) await keepImages(files, data, images, "refuse");
      },
      memory: () => 0,
    };
  }

  /** The detector of a run; one that has come to its end is erased, unless it was to be kept. */
  private async finish(id: string, run: FinishedRun): Promise<TabOutcome> {
    const { bytes, card }: MadeDetector = await makeRunDetector(run, await this.open("wasm", run.settings.threads));
    const total = isByGradient(run.settings) ? run.settings.iterations : run.plan.partition.train.length;
    const note = this.inMemory.has(id) ? null : await readNote(id);
    if (run.iteration >= total) {
      this.inMemory.delete(id);
      if (note && !note.kept) await removeTabRun(id);
    }
    return { kind: "detector", iteration: run.iteration, bytes, card };
  }

  /** Its seven days begin anew. */
  private async touch(id: string): Promise<void> {
    const note = this.inMemory.has(id) ? null : await readNote(id);
    if (note) await writeNote(id, { ...note, used: Date.now() });
  }

  private open(kind: "webgpu" | "wasm", threads: number): Promise<Device> {
    return openDevice({ kind, threads, assets: this.options.assets });
  }
}

/** Asked with the plan before anything is learnt; what it throws ends the run. */
export interface Proceed {
  proceed?(plan: RunPlan): Promise<void>;
}

const noBackbone: ReadBackbone = async (file) => {
  throw new HaleError(
    "OPTION_INVALID",
    `A page does not read the backbone ${file}.`,
    "Choose the built-in filters, or train with the command.",
    { setting: "backbone" },
  );
};
