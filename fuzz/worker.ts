/**
 * @file The thread that runs inputs: makes each from its number, judges it, and counts. Where it is, it writes into
 * shared memory, so that the campaign can tell a run that hangs and end the thread.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { useInstalledCodecs } from "@hale/imaging/node";
import { judge } from "./judge.ts";
import { inputOf } from "./mutate.ts";
import { randomOf } from "./random.ts";
import { seedsOf } from "./seeds/index.ts";
import { KINDS, type Kind } from "./seeds/seed.ts";

export interface WorkerSettings {
  seed: number;
  kinds: Kind[];
  codecs: boolean;
  /** [number of the run under way, -1 when idle; runs begun]. */
  place: Int32Array;
}

export interface Found {
  run: number;
  kind: Kind;
  seedName: string;
  notes: string[];
  what: string;
  stack: string;
  bytes: Uint8Array;
}

export type Task =
  | { do: "runs"; from: number; to: number }
  /** Gives the input of a run without reading it. */
  | { do: "input"; run: number }
  | { do: "read"; kind: Kind; bytes: Uint8Array; file?: string; companions?: Record<string, Uint8Array> }
  | { do: "memory" };

export interface Tally {
  ok: number;
  refused: Record<string, number>;
  caught: Record<string, number>;
  kinds: Record<string, number>;
  found: Found[];
  slowest: { run: number; milliseconds: number };
}

const settings = workerData as WorkerSettings;
// A stack is asked for a million times and looked at for few.
Error.stackTraceLimit = 4;
useInstalledCodecs();
const seeds = await seedsOf(settings.kinds, settings.codecs);

async function runs(from: number, to: number): Promise<Tally> {
  const tally: Tally = { ok: 0, refused: {}, caught: {}, kinds: {}, found: [], slowest: { run: -1, milliseconds: 0 } };
  const count = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1;
  };
  for (let run = from; run < to; run++) {
    const { seed, bytes, notes } = inputOf(randomOf(settings.seed, run), seeds);
    Atomics.store(settings.place, 0, run);
    Atomics.add(settings.place, 1, 1);
    const started = performance.now();
    const verdict = await judge(seed.kind, bytes, seed);
    const milliseconds = performance.now() - started;
    if (milliseconds > tally.slowest.milliseconds) tally.slowest = { run, milliseconds };
    count(tally.kinds, `${seed.kind} ${verdict.kind}`);
    if (verdict.kind === "ok") tally.ok++;
    else if (verdict.kind === "refused") {
      count(tally.refused, verdict.code);
      if (verdict.caught) count(tally.caught, `${seed.kind}: ${verdict.caught}`);
    } else {
      const { what, stack } = verdict;
      tally.found.push({ run, kind: seed.kind, seedName: seed.name, notes, what, stack, bytes });
    }
  }
  Atomics.store(settings.place, 0, -1);
  return tally;
}

async function answer(task: Task): Promise<unknown> {
  if (task.do === "runs") return runs(task.from, task.to);
  if (task.do === "input") {
    const { seed, bytes, notes } = inputOf(randomOf(settings.seed, task.run), seeds);
    return { run: task.run, kind: seed.kind, seedName: seed.name, notes, bytes };
  }
  if (task.do === "read") {
    Atomics.store(settings.place, 0, 0);
    Atomics.add(settings.place, 1, 1);
    const verdict = await judge(task.kind, task.bytes, task);
    Atomics.store(settings.place, 0, -1);
    return verdict;
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, own: heapUsed + external };
}

parentPort!.on("message", async (task: Task) => parentPort!.postMessage(await answer(task)));
parentPort!.postMessage({ seeds: [...seeds.values()].flat().length, kinds: KINDS });
