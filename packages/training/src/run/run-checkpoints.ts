/**
 * @file The checkpoints of one run: the newest sound one is found, held against the run's fingerprint and taken apart into the
 * state and the best state so far, which travels along in the same file.
 */
import type { NamedArray } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { type CheckpointRecord, newestCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { RunFiles } from "./files.ts";
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
export const checkpointsIn = (files: RunFiles) => files.within("checkpoints");

export class RunCheckpoints {
  private constructor(
    private readonly files: RunFiles,
    private readonly run: Pick<CheckpointRecord, "method" | "fingerprint">,
    private readonly keep: number,
    private newest: SavedRun | null,
    /** Sentences about checkpoints that were skipped because they are damaged. */
    readonly damaged: string[],
  ) {}

  /** `settings`, where known, let the refusal say what is other. Throws CHECKPOINT_MISMATCH where the newest is of another run, and CHECKPOINT_CORRUPT where none is sound. */
  static async open(
    files: RunFiles,
    run: Pick<CheckpointRecord, "method" | "fingerprint">,
    keep: number,
    settings?: RunSettings,
  ): Promise<RunCheckpoints> {
    const { checkpoint, damaged } = await newestCheckpoint(checkpointsIn(files));
    if (checkpoint && (checkpoint.fingerprint !== run.fingerprint || checkpoint.method !== run.method)) {
      throw new HaleError(
        "CHECKPOINT_MISMATCH",
        `The checkpoints in ${files.name} are of another run: ${await otherwise(files, settings)}.`,
        "Go on with the settings and data that the run was started with, or choose another folder.",
        { setting: "out" },
      );
    }
    const newest = checkpoint && { ...checkpoint, ...takenApart(checkpoint.arrays) };
    return new RunCheckpoints(files, run, keep, newest, damaged);
  }

  /** Where the run was when it was saved last; null where it has not been. Given once, so that nothing holds on to its arrays. */
  takeNewest(): SavedRun | null {
    const { newest } = this;
    this.newest = null;
    return newest;
  }

  async save({ iteration, best, seconds, arrays, bestArrays }: SavedRun): Promise<void> {
    const all = new Map([...arrays, ...[...bestArrays].map(([name, array]) => [BEST + name, array] as const)]);
    await saveCheckpoint(checkpointsIn(this.files), { ...this.run, iteration, best, seconds, arrays: all }, this.keep);
  }
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
async function otherwise(files: RunFiles, settings: RunSettings | undefined): Promise<string> {
  const before = settings && (await readRunSettings(files).catch(() => null));
  if (!before) return "another method, other options or other images";
  return settingsChanged(before, settings).join(", ") || "its settings are the same, and its images are others";
}
