/**
 * @file A campaign: so many runs in a worker thread, watched. A run that takes longer than its time ends the thread and
 * is a finding; memory is looked at after a warm-up and at the end.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type ThreadScript, threadScript } from "@hale/core/node";
import type { Verdict } from "./judge.ts";
import { minimise } from "./minimise.ts";
import { KINDS, type Kind } from "./seeds/seed.ts";
import type { Found, Tally, Task, WorkerSettings } from "./worker.ts";

/** Milliseconds of processor time after which a run hangs. */
const HANG_MILLISECONDS = 2000;
/** Milliseconds of the clock after which it does, however little it computed: it may wait for nothing. */
const STUCK_MILLISECONDS = 30_000;
const LOOK_EVERY = 50;
/** Runs between two reports of the worker. */
const CHUNK = 500;
/** Findings of one signature that are kept as files; the others are counted. */
const KEPT_OF_EACH = 3;

const WORKER = threadScript("worker", import.meta.url);

export interface CampaignOptions {
  runs: number;
  seed?: number;
  kinds?: readonly Kind[];
  /** Seeds that WebAssembly decodes, instead of those that JavaScript reads. */
  codecs?: boolean;
  /** Where findings are kept; nothing is written without it. */
  out?: string;
  /** Another worker, for tests. */
  script?: ThreadScript;
  /** Called now and then with runs done. */
  onProgress?: (done: number) => void;
}

export interface Memory {
  /** Resident memory of the process, in bytes. */
  rss: number;
  /** Of the thread's own heap, buffers and WebAssembly, in bytes. */
  own: number;
}

export interface CampaignResult {
  runs: number;
  seconds: number;
  ok: number;
  refused: Record<string, number>;
  /** Errors of JavaScript that readers turned into refusals, by kind and place. */
  caught: Record<string, number>;
  /** "kind verdict": how often. */
  kinds: Record<string, number>;
  slowest: { run: number; milliseconds: number };
  /** First of each signature, with how many there are. */
  findings: { signature: string; count: number; first: Found }[];
  /** After the warm-up and at the end; null where the thread had to be made anew in between. */
  memory: { warm: Memory; end: Memory } | null;
}

/** Runs a campaign. */
export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { runs, seed = 1, kinds = KINDS, codecs = false, out, script = WORKER, onProgress } = options;
  const settings = { seed, kinds: [...kinds], codecs };
  const result: CampaignResult = {
    runs,
    seconds: 0,
    ok: 0,
    refused: {},
    caught: {},
    kinds: {},
    slowest: { run: -1, milliseconds: 0 },
    findings: [],
    memory: null,
  };
  let runner = await startRunner(settings, script);
  const count = async (tally: Tally) => {
    add(result, tally);
    for (const found of tally.found) await keep(result, found, runner, out, seed);
  };
  const started = performance.now();
  const warmUp = Math.ceil(runs / 5);
  let warm: Memory | null = null;
  try {
    for (let from = 0; from < runs; ) {
      const to = Math.min(from + CHUNK, runs);
      const tally = await runner.ask<Tally>({ do: "runs", from, to });
      if (tally instanceof Hang) {
        await runner.end();
        runner = await startRunner(settings, script);
        warm = null;
        // What came before it in the chunk is run again, so that it is counted.
        if (tally.run > from) await count(expectTally(await runner.ask<Tally>({ do: "runs", from, to: tally.run })));
        const input = (await runner.ask<Found>({ do: "input", run: tally.run })) as Found;
        const found = { ...input, what: `${tally.why}`, stack: "" };
        await keep(result, found, runner, out, seed);
        from = tally.run + 1;
        continue;
      }
      await count(tally);
      from = to;
      if (!warm && from >= warmUp) warm = (await runner.ask<Memory>({ do: "memory" })) as Memory;
      onProgress?.(from);
    }
    if (warm) result.memory = { warm, end: (await runner.ask<Memory>({ do: "memory" })) as Memory };
  } finally {
    await runner.end();
  }
  result.seconds = (performance.now() - started) / 1000;
  return result;
}

/** Reads one input again, watched as in a campaign. */
export async function replay(input: Pick<Found, "kind" | "bytes">, extra: Partial<Task> = {}): Promise<Verdict> {
  const runner = await startRunner({ seed: 1, kinds: [], codecs: false });
  try {
    const { kind, bytes } = input;
    const verdict = await runner.ask<Verdict>({ ...extra, do: "read", kind, bytes });
    return verdict instanceof Hang ? { kind: "finding", what: verdict.why, stack: "" } : verdict;
  } finally {
    await runner.end();
  }
}

/** A run that did not come back. */
class Hang {
  constructor(
    readonly run: number,
    readonly why: string,
  ) {}
}

function expectTally(tally: Tally | Hang): Tally {
  if (tally instanceof Hang) throw new Error(`Run ${tally.run} hangs now and did not before.`);
  return tally;
}

export interface Runner {
  ask<T>(task: Task): Promise<T | Hang>;
  end(): Promise<unknown>;
}

async function startRunner(settings: Omit<WorkerSettings, "place">, script = WORKER): Promise<Runner> {
  const place = new Int32Array(new SharedArrayBuffer(8)).fill(-1, 0, 1);
  const worker = new Worker(script.url, {
    workerData: { ...settings, place } satisfies WorkerSettings,
    execArgv: script.execArgv,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  let settle: { resolve(value: unknown): void; reject(cause: unknown): void } | null = null;
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      settle = { resolve: resolve as (value: unknown) => void, reject };
    });
  const ready = next();
  worker.on("message", (message) => settle?.resolve(message));
  worker.on("error", (cause) => settle?.resolve(new Hang(Atomics.load(place, 0), `the thread died: ${cause.message}`)));
  worker.on("exit", (code) => settle?.resolve(new Hang(Atomics.load(place, 0), `the thread ended with ${code}`)));
  await ready;
  return {
    async ask<T>(task: Task) {
      const answer = next<T | Hang>();
      // The processor's time is the process's: this thread only waits. So a busy machine makes no run hang.
      let [begun, clock, used] = [-1, performance.now(), processorTime()];
      const look = setInterval(() => {
        const now = Atomics.load(place, 1);
        if (now !== begun || Atomics.load(place, 0) < 0) {
          [begun, clock, used] = [now, performance.now(), processorTime()];
        } else if (processorTime() - used > HANG_MILLISECONDS || performance.now() - clock > STUCK_MILLISECONDS) {
          settle?.resolve(new Hang(Atomics.load(place, 0), `hangs for more than ${HANG_MILLISECONDS / 1000} s`));
        }
      }, LOOK_EVERY);
      worker.postMessage(task);
      try {
        return await answer;
      } finally {
        clearInterval(look);
      }
    },
    end: () => worker.terminate(),
  };
}

const processorTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function add(result: CampaignResult, tally: Tally): void {
  result.ok += tally.ok;
  for (const key of ["refused", "caught", "kinds"] as const)
    for (const [name, count] of Object.entries(tally[key])) result[key][name] = (result[key][name] ?? 0) + count;
  if (tally.slowest.milliseconds > result.slowest.milliseconds) result.slowest = tally.slowest;
}

/** Numbers differ from run to run; the kind of fault and its place do not. */
function signatureOf({ kind, what, stack }: Pick<Found, "kind" | "what" | "stack">): string {
  const frame = /\n\s+at (.*)/.exec(stack)?.[1] ?? "";
  return `${kind}: ${what.replace(/-?\d[\d.e+-]*/g, "#").slice(0, 160)} ${frame.replace(/\(?(file:\/\/)?\/.*\//, "(")}`.trim();
}

async function keep(result: CampaignResult, found: Found, runner: Runner, out: string | undefined, seed: number) {
  const signature = signatureOf(found);
  const known = result.findings.find((finding) => finding.signature === signature);
  if (known) known.count++;
  else result.findings.push({ signature, count: 1, first: found });
  if (!out || (known && known.count > KEPT_OF_EACH)) return;
  await mkdir(out, { recursive: true });
  const name = join(out, `${found.kind}-${seed}-${found.run}`);
  const { bytes, ...rest } = found;
  await writeFile(`${name}.bin`, bytes);
  await writeFile(`${name}.json`, `${JSON.stringify({ seed, ...rest, signature }, null, 2)}\n`);
  if (!known && !found.what.startsWith("hangs")) {
    const small = await minimise(bytes, async (candidate) => {
      const verdict = await runner.ask<Verdict>({ do: "read", kind: found.kind, bytes: candidate });
      return (
        !(verdict instanceof Hang) &&
        verdict.kind === "finding" &&
        signatureOf({ ...verdict, kind: found.kind }) === signature
      );
    });
    if (small) await writeFile(`${name}.small.bin`, small);
  }
}
