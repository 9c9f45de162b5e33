/** @file The worker of tab-entry.ts: trains, and answers messages { id, name, args } with { id, value } or { id, error }. */
import { HaleError, sha256Hex } from "@hale/core";
import type { PhantomSetOptions } from "@hale/data";
import { readLosses } from "../run/loss-log.ts";
import type { RunSettings } from "../run/run-settings.ts";
import {
  eraseOldTabRuns,
  eraseTabRuns,
  keepTabRun,
  listTabRuns,
  phantomData,
  type TabOutcome,
  TabTrainer,
} from "../web/index.ts";
import { tabRunFiles } from "../web/tab-runs.ts";

const trainer = new TabTrainer({ assets: "/onnxruntime/" });

/** What of an outcome travels as JSON. */
const told = (outcome: TabOutcome) =>
  outcome.kind === "paused"
    ? outcome
    : { ...outcome, bytes: btoa(Array.from(outcome.bytes, (byte) => String.fromCharCode(byte)).join("")) };

/** A step after which something is asked of the trainer. */
interface Asked {
  pauseAt?: number;
  stopAt?: number;
  keep?: boolean;
}

const eventsOf = (id: string, { pauseAt, stopAt, keep }: Asked) => ({
  onStep({ iteration }: { iteration: number }) {
    if (iteration === pauseAt) trainer.pause();
    if (iteration === stopAt) trainer.stop();
  },
  onCheckpoint: () => void (keep && keepTabRun(id, true)),
});

const calls = {
  start: async (id: string, settings: RunSettings, phantoms: PhantomSetOptions, stored: boolean, asked: Asked = {}) =>
    told(await trainer.start({ id, settings, data: phantomData(phantoms), stored }, eventsOf(id, asked))),
  resume: async (id: string, asked: Asked = {}) => told(await trainer.resume(id, eventsOf(id, asked))),
  /** All that a run's end is compared by: the last checkpoint's arrays, and its losses. */
  async sums(id: string) {
    const files = tabRunFiles(id);
    const folder = files.within("checkpoints");
    const newest = (await folder.list())
      .filter((file) => file.endsWith(".safetensors"))
      .sort()
      .at(-1)!;
    const losses = (await readLosses(files)).map(({ seconds: _, ...line }) => line);
    return { newest, sha256: await sha256Hex((await folder.read(newest))!), losses };
  },
  list: () => listTabRuns(),
  eraseAll: () => eraseTabRuns(),
  eraseOld: (now: number) => eraseOldTabRuns(now),
  keep: (id: string, kept: boolean) => keepTabRun(id, kept),
};

interface Call {
  id: number;
  name: keyof typeof calls;
  args: never[];
}

addEventListener("message", async ({ data: { id, name, args } }: MessageEvent<Call>) => {
  try {
    postMessage({ id, value: await (calls[name] as (...args: never[]) => unknown)(...args) });
  } catch (error) {
    postMessage({ id, error: error instanceof HaleError ? `${error.code}: ${error.message}` : String(error) });
  }
});
