/**
 * @file The checkpoints of one run: the newest sound one is found, held against the run's fingerprint and taken apart into the
 * state and the best state so far, which travels along in the same file.
 */
import { join } from "node:path";
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { type CheckpointRecord, listCheckpoints, newestCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type RunSettings, readRunSettings } from "./run-settings.ts";
import { settingsChanged } from "./settings-changed.ts";

/** Names under which the best state so far travels inside checkpoints begin so. */
const BEST = "best:";

/** Where a run is. */
export interface SavedRun extends Pick<CheckpointRecord, "iteration" | "best" | "seconds"> {
  arrays: ReadonlyMap<string, NamedArray>;
  /** Arrays of the best iteration; empty where there is none. */
  bestArrays: ReadonlyMap<string, NamedArray>;
}

/** Where a run keeps its checkpoints. */
export const checkpointsIn = (folder: string) => join(folder, "checkpoints");

export class RunCheckpoints {
  private constructor(
    private readonly folder: string,
    private readonly run: Pick<CheckpointRecord, "method" | "fingerprint">,
    private readonly keep: number,
    private newest: SavedRun | null,
    /** Sentences about checkpoints that were skipped because they are damaged. */
    readonly damaged: string[],
  ) {}

  /** `settings`, where known, let the refusal say what is other. Throws CHECKPOINT_MISMATCH where the newest is of another run, and CHECKPOINT_CORRUPT where none is sound. */
  static async open(
    folder: string,
    run: Pick<CheckpointRecord, "method" | "fingerprint">,
    keep: number,
    settings?: RunSettings,
  ): Promise<RunCheckpoints> {
    const { checkpoint, damaged } = await newestCheckpoint(checkpointsIn(folder));
    if (checkpoint && (checkpoint.fingerprint !== run.fingerprint || checkpoint.method !== run.method)) {
      throw ofAnotherRun(folder, await otherwise(folder, settings));
    }
    const newest = checkpoint && { ...checkpoint, ...takenApart(checkpoint.arrays) };
    return new RunCheckpoints(folder, run, keep, newest, damaged);
  }

  /** Where the run was when it was saved last; null where it has not been. Given once, so that nothing holds on to its arrays. */
  takeNewest(): SavedRun | null {
    const { newest } = this;
    this.newest = null;
    return newest;
  }

  async save({ iteration, best, seconds, arrays, bestArrays }: SavedRun): Promise<void> {
    const all = new Map([...arrays, ...[...bestArrays].map(([name, array]) => [BEST + name, array] as const)]);
    await saveCheckpoint(checkpointsIn(this.folder), { ...this.run, iteration, best, seconds, arrays: all }, this.keep);
  }
}

/**
 * Throws CHECKPOINT_MISMATCH where the folder has checkpoints of a run with other settings. It needs no images, so that it says
 * at once what `RunCheckpoints.open` would say after reading them. Settings that only the images tell (`input`) are left to that.
 */
export async function refuseOtherSettings(folder: string, settings: RunSettings): Promise<void> {
  if ((await listCheckpoints(checkpointsIn(folder))).length === 0) return;
  const before = await readRunSettings(folder).catch(() => null);
  const changed = before ? settingsChanged(before, { ...settings, input: before.input }) : [];
  if (changed.length > 0) throw ofAnotherRun(folder, changed.join(", "));
}

function ofAnotherRun(folder: string, changes: string): HaleError {
  return new HaleError(
    "CHECKPOINT_MISMATCH",
    `The checkpoints in ${folder} are of another run: ${changes}.`,
    "Go on with the settings and data that the run was started with, or choose another folder.",
    { setting: "out" },
  );
}

/** The arrays of a run, and those of its best iteration. */
export function takenApart(all: ReadonlyMap<string, NamedArray>): Pick<SavedRun, "arrays" | "bestArrays"> {
  const arrays = new Map<string, NamedArray>();
  const bestArrays = new Map<string, NamedArray>();
  for (const [name, array] of all) {
    if (name.startsWith(BEST)) bestArrays.set(name.slice(BEST.length), array);
    else arrays.set(name, array);
  }
  return { arrays, bestArrays };
}

/** What the run in the folder has other than these settings. */
async function otherwise(folder: string, settings: RunSettings | undefined): Promise<string> {
  const before = settings && (await readRunSettings(folder).catch(() => null));
  if (!before) return "another method, other options or other images";
  return settingsChanged(before, settings).join(", ") || "its settings are the same, and its images are others";
}
