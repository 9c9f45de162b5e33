/**
 * @file A training run from a data set to a detector, in a folder of its own: options, logs, example pictures,
 * checkpoints. Interrupted at any moment, it goes on from its newest checkpoint and ends as if it had never stopped.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { lockRun, writeAtomic } from "@hale/core/node";
import type { Dataset, Item } from "@hale/data";
import { loadDataset, loadImages, type Skipped } from "@hale/data/node";
import { type ImageShape, type Method, methodNamed, type Recipe } from "@hale/methods";
import { readBackboneFile } from "@hale/methods/node";
import { openDevice } from "@hale/runtime/node";
import { type Partition, partition } from "../partition.ts";
import { pseudoAuc } from "../selection.ts";
import { Trainer } from "../trainer.ts";
import { type Checkpoint, newestCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { EventLog, readLosses } from "./event-log.ts";
import { writeExamples } from "./examples.ts";
import { writeGenerationExamples } from "./generation-examples.ts";
import { inherit } from "./inherit.ts";
import { datasetInputOf, type RunSettings, settingsFile, settingsSchema, splitOf, withInput } from "./run-settings.ts";

export type { RunSettings } from "./run-settings.ts";

export interface SelectionPoint {
  iteration: number;
  pseudoAuc: number;
}

export interface RunPlan {
  partition: Partition;
  skipped: Skipped[];
  dataset: Dataset;
  /** Trainable values, in all networks. */
  parameters: number;
  /** From a rehearsal of a few steps: seconds left and peak memory in bytes. */
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
}

export interface FinishedRun {
  settings: RunSettings;
  plan: RunPlan;
  method: Method;
  recipe: Recipe;
  shape: ImageShape;
  /** Arrays that the detector is made of: those of the selected iteration. */
  arrays: Map<string, NamedArray>;
  /** The same arrays after the last iteration. */
  lastArrays: Map<string, NamedArray>;
  /** Iterations done. */
  iteration: number;
  selected: { iteration: number; pseudoAuc: number | null };
  selections: SelectionPoint[];
  /** Images that set the threshold, prepared; `items` beside them. */
  threshold: { items: Item[]; images: Float32Array[] };
  seconds: number;
}

/** A run was interrupted on request, after its checkpoint was written. */
export class Interrupted extends Error {
  constructor(
    readonly folder: string,
    readonly iteration: number,
  ) {
    super(`Stopped at iteration ${iteration}; go on with: hale train --resume ${folder}`);
  }
}

/** Names under which the best generator so far travels inside checkpoints. */
export const BEST = "best:";

/** What a checkpoint belongs to: settings and images. */
export function fingerprintOf(settings: RunSettings, parts: Record<string, Float32Array[]>): string {
  // Where the data lies and how often the run is saved do not change what it learns.
  const { data: _data, keep: _keep, ...rest } = settings;
  const hash = createHash("sha256").update(JSON.stringify(rest));
  for (const [name, images] of Object.entries(parts)) {
    hash.update(name);
    for (const image of images) hash.update(new Uint8Array(image.buffer, image.byteOffset, image.byteLength));
  }
  return hash.digest("hex");
}

export interface RunControl {
  /** Stops the run after its present step, with a checkpoint, and throws `Interrupted`. */
  signal?: AbortSignal;
  /** Ends here instead of at `iterations`, as if the run were done; it can go on later. */
  until?: number;
}

/** Trains in `folder`, from scratch or from its newest checkpoint. Throws RUN_BUSY while another process does. */
export async function runTraining(
  folder: string,
  given: RunSettings,
  events: RunEvents = {},
  control: RunControl = {},
): Promise<FinishedRun> {
  const unlock = await lockRun(folder);
  try {
    return await trainIn(folder, given, events, control);
  } finally {
    await unlock();
  }
}

async function trainIn(
  folder: string,
  given: RunSettings,
  events: RunEvents,
  { signal, until }: RunControl,
): Promise<FinishedRun> {
  const settings = await withInput(settingsSchema.parse(given));
  const method = methodNamed(settings.method);
  const shape: ImageShape = { size: settings.size, channels: settings.channels };
  method.checkShape(shape);
  const options = method.options.parse(settings.options);
  const backboneFile = method.backbone?.(options);
  const backbone = backboneFile ? await readBackboneFile(backboneFile) : undefined;
  const recipe = method.create(options, shape, backbone);
  if (recipe.learning !== "gradient") throw new Error("The fit pass is not here yet.");

  const dataset = await loadDataset(settings.data, {
    input: datasetInputOf(settings),
    onProgress: (done, total) => events.onProgress?.("Looking into scans", done, total),
  });
  const parts = partition(dataset, splitOf(settings));
  const inheritance = method.inherits?.(options);
  const heldOut = [...parts.selection, ...parts.threshold, ...parts.test];
  const inherited = inheritance ? await inherit(inheritance, settings, heldOut) : undefined;
  const skipped: Skipped[] = [];
  const odd: { path: string; samples: number }[] = [];
  const total = parts.train.length + parts.unlabelled.length + parts.selection.length + parts.threshold.length;
  let read = 0;
  const load = async (items: Item[]) => {
    if (items.length === 0) return { items, images: [] };
    const start = read;
    const result = await loadImages(items, {
      ...shape,
      corrupt: settings.corrupt,
      onProgress: (done) => events.onProgress?.("Reading images", start + done, total),
    });
    read += items.length;
    skipped.push(...result.skipped);
    odd.push(...result.notNumbers);
    return result;
  };
  const train = await load(parts.train);
  const unlabelled = await load(parts.unlabelled);
  const selection = await load(parts.selection);
  const threshold = await load(parts.threshold);
  if (method.needsUnlabelled && unlabelled.images.length === 0) {
    throw new HaleError(
      "DATASET_INVALID",
      `${method.name} learns from unlabelled images too, and ${dataset.name} has none.`,
      "Add an unlabelled/ folder, or rows with an empty label.",
    );
  }
  const fingerprint = fingerprintOf(settings, {
    train: train.images,
    unlabelled: unlabelled.images,
    selection: selection.images,
    backbone: [...(backbone?.weights.values() ?? [])].map(({ data }) => data),
    // Only where there is such a thing: other runs keep the fingerprints they have.
    ...(inherited && { inherited: [...inherited.arrays.values()].map(({ data }) => data) }),
  });

  const checkpoints = join(folder, "checkpoints");
  const { checkpoint, damaged } = await newestCheckpoint(checkpoints);
  if (checkpoint && (checkpoint.fingerprint !== fingerprint || checkpoint.method !== method.name)) {
    throw new HaleError(
      "CHECKPOINT_MISMATCH",
      `The checkpoints in ${folder} belong to another method, other options or other images.`,
      "Resume with the settings and data that the run was started with, or choose another --out.",
    );
  }
  await writeAtomic(settingsFile(folder), `${JSON.stringify(settings, null, 2)}\n`);

  const ofRun = new Map<string, NamedArray>();
  const ofBest = new Map<string, NamedArray>();
  for (const [name, value] of checkpoint?.arrays ?? []) {
    if (name.startsWith(BEST)) ofBest.set(name.slice(BEST.length), value);
    else ofRun.set(name, value);
  }

  const device = await openDevice({ kind: settings.device, threads: settings.threads });
  const trainer = await Trainer.create({
    recipe,
    shape,
    device,
    seed: settings.seed,
    iterations: settings.iterations,
    images: { normals: train.images, unlabelled: unlabelled.images },
    inherited,
    from: checkpoint ? { iteration: checkpoint.iteration, arrays: ofRun } : undefined,
  });
  try {
    const stepSeconds = trainer.iteration < settings.iterations ? await trainer.rehearse() : 0;
    const plan: RunPlan = {
      partition: parts,
      skipped,
      dataset,
      parameters: recipe.parameters.count(),
      seconds: stepSeconds * (settings.iterations - trainer.iteration),
      memory: peakMemory(),
      resumedAt: trainer.iteration,
      damaged,
      notes: [
        ...(inherited?.notes ?? []),
        ...odd.map(
          ({ path, samples }) =>
            `${path} has ${samples} samples that are NaN or infinite; they are taken as background.`,
        ),
      ],
    };
    events.onPlan?.(plan);

    let best = checkpoint?.best ?? null;
    let bestArrays = ofBest;
    const secondsBefore = checkpoint?.seconds ?? 0;
    const started = performance.now();
    const seconds = () => secondsBefore + (performance.now() - started) / 1000;
    const log = await EventLog.open(folder, trainer.iteration);
    const inference = () =>
      trainer.state.names.filter((name) => recipe.inferencePrefixes.some((prefix) => name.startsWith(prefix)));

    const save = async () => {
      await log.flush();
      const { iteration, arrays } = await trainer.snapshot();
      for (const [name, value] of bestArrays) arrays.set(BEST + name, value);
      const record: Checkpoint = { method: method.name, iteration, fingerprint, best, seconds: seconds(), arrays };
      await saveCheckpoint(checkpoints, record, settings.keep);
      events.onCheckpoint?.(iteration);
    };

    // Normals that nothing is learnt from; those of the threshold only where no others are held out.
    const calibration = selection.images.length > 0 ? selection.images : threshold.images;
    const examples = [...train.images.slice(0, 4), ...unlabelled.images.slice(0, 8)];
    let rate = stepSeconds;
    const end = Math.min(settings.iterations, until ?? settings.iterations);
    while (trainer.iteration < end) {
      const before = performance.now();
      const losses = await trainer.step();
      rate = 0.98 * rate + 0.02 * ((performance.now() - before) / 1000);
      const { iteration } = trainer;
      log.add({ iteration, seconds: seconds(), ...losses });
      events.onStep?.({
        iteration,
        iterations: settings.iterations,
        losses,
        secondsLeft: rate * (settings.iterations - iteration),
      });
      // `until` is no place for a selection: a run that goes on later must choose as if it had never stopped.
      const due = iteration % settings.every === 0 || iteration === settings.iterations;
      if (due) {
        await trainer.calibrate(calibration);
        const ready = recipe.ready?.(iteration, settings.iterations) ?? true;
        const selectable = selection.images.length > 0 && unlabelled.images.length > 0;
        if (ready && selectable && settings.selection === "pseudo-auc") {
          const normals = await trainer.restore(selection.images);
          const mixed = await trainer.restore(unlabelled.images);
          const value = pseudoAuc(normals.scores, mixed.scores);
          log.add({ iteration, seconds: seconds(), "selection/pseudoAuc": value });
          const better = best === null || value > best.value;
          if (better) {
            best = { iteration, value };
            bestArrays = await trainer.state.read(inference());
          }
          events.onSelection?.({ iteration, pseudoAuc: value }, better);
        }
        await writeExamples(join(folder, "examples"), trainer, examples, shape);
        await writeGenerationExamples(join(folder, "examples"), trainer, ready ? calibration : [], shape);
        await save();
      }
      // Lets signals and timers through: a run of a session blocks the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      if (!due && (signal?.aborted || iteration === end)) await save();
      if (signal?.aborted && iteration < end) throw new Interrupted(folder, iteration);
    }
    await log.flush();
    await trainer.calibrate(calibration);
    const lastArrays = await trainer.state.read(inference());
    const useBest = settings.selection === "pseudo-auc" && best !== null;
    return {
      settings,
      plan,
      method,
      recipe,
      shape,
      arrays: useBest ? bestArrays : lastArrays,
      lastArrays,
      iteration: trainer.iteration,
      selected: useBest
        ? { iteration: best!.iteration, pseudoAuc: best!.value }
        : { iteration: trainer.iteration, pseudoAuc: null },
      selections: (await readLosses(folder)).flatMap((line) =>
        "selection/pseudoAuc" in line ? [{ iteration: line.iteration, pseudoAuc: line["selection/pseudoAuc"] }] : [],
      ),
      threshold,
      seconds: seconds(),
    };
  } finally {
    await trainer.release();
  }
}

/** Largest resident memory of this process so far, in bytes. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}
