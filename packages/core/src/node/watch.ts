/**
 * @file Ends this process when a piece of work takes more time or memory than it may, however little it minds: native code
 * that computes in the main thread hears no timer and no signal, but another thread of the process sees clock and
 * memory and can end it all. That costs a few milliseconds, where a second process would cost a second start, and leaves
 * no orphan. For commands; a library must not end its caller's process.
 */
import { totalmem } from "node:os";
import { SHARE_ENV, Worker } from "node:worker_threads";

export interface WatchLimits {
  /** Of the clock. */
  milliseconds: number;
  /** By which the resident memory of the process may grow; at most three quarters of the machine's. */
  memoryBytes: number;
}

/** What is written before the process ends: to standard output and standard error. */
export interface LastWords {
  out: string;
  err: string;
}

/** Milliseconds between looks. */
const LOOK_EVERY = 20;

/**
 * The thread: plain JavaScript, so that it starts at once and needs no file. It writes past Node's streams, which the main
 * thread serves, and ends the process in the one way that waits for nobody.
 */
const WATCHER = `
const { workerData: { state, rss, limits, words } } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const end = ({ out, err }) => {
  for (const [place, text] of [[1, out], [2, err]]) try { if (text) writeSync(place, text); } catch {}
  process.kill(process.pid, "SIGKILL");
};
while (Atomics.load(state, 0) === 0) {
  if (process.memoryUsage.rss() - rss > limits.memoryBytes) end(words.memory);
  if (Date.now() > limits.until) end(words.slow);
  Atomics.wait(state, 0, 0, ${LOOK_EVERY});
}
`;

/**
 * Does `work`, and ends the process with SIGKILL, after the fitting last words, where it goes beyond the limits. The exit code
 * that a shell then sees is 137.
 */
export async function watched<Result>(
  work: () => Promise<Result>,
  { milliseconds, memoryBytes }: WatchLimits,
  words: Readonly<Record<"slow" | "memory", LastWords>>,
): Promise<Result> {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const limits = { until: Date.now() + milliseconds, memoryBytes: Math.min(memoryBytes, 0.75 * totalmem()) };
  const watcher = new Worker(WATCHER, {
    eval: true,
    workerData: { state, rss: process.memoryUsage.rss(), limits, words },
    // None of the parent's loaders, and no copy of its environment.
    execArgv: [],
    env: SHARE_ENV,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  watcher.unref();
  // Without a thread there is no watch, and no reason not to work.
  watcher.on("error", () => {});
  try {
    return await work();
  } finally {
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
  }
}
