/** @file The losses of a run, kept while it goes on: `losses.jsonl`, one JSON object a line. */
import { type RunFiles, readText } from "./files.ts";

const LOSSES_FILE = "losses.jsonl";

export interface LossLine {
  iteration: number;
  /** Seconds of training so far, over all parts of an interrupted run. */
  seconds: number;
  [name: string]: number;
}

/** Lines are gathered by `add` and written by `flush`, so that a step never waits for the disk. */
export interface LossLog {
  add(line: LossLine): void;
  /** Throws DISK_FULL or FILE_UNWRITABLE. */
  flush(): Promise<void>;
}

const textOf = (lines: readonly LossLine[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/**
 * Opens the log of a run. Lines after `iteration` belong to steps that a resumed run does again: they go. `also` gets the lines
 * that have been written.
 */
export async function openLossLog(
  files: RunFiles,
  iteration: number,
  also: (lines: readonly LossLine[]) => Promise<void> = async () => {},
): Promise<LossLog> {
  const kept = (await readLosses(files)).filter((line) => line.iteration <= iteration);
  await files.write(LOSSES_FILE, textOf(kept));
  let waiting: LossLine[] = [];
  return {
    add: (line) => void waiting.push(line),
    async flush() {
      const lines = waiting;
      waiting = [];
      if (lines.length === 0) return;
      await files.append(LOSSES_FILE, textOf(lines));
      await also(lines);
    },
  };
}

/** The losses of a run so far; a last line that a kill cut off is left out. */
export async function readLosses(files: RunFiles): Promise<LossLine[]> {
  const text = await readText(files, LOSSES_FILE).catch(() => null);
  return (text ?? "").split("\n").flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as LossLine] : [];
    } catch {
      return [];
    }
  });
}
