/** @file One process that scores, as its parent sees it: it starts, takes orders, and can be ended at once. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HaleError } from "@hale/core";
import { sourceOptions } from "@hale/core/node";
import { type Card, LOAD_MILLISECONDS, tooCostly } from "@hale/detector";
import type { FromWorker, ToWorker } from "./protocol.ts";

/** Milliseconds for starting Node and loading the detector. */
const START_MILLISECONDS = LOAD_MILLISECONDS + 30_000;

export interface ScoringProcess {
  readonly card: Card;
  send(message: ToWorker): void;
  /** What it says after it was ready. */
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once, when it is no more, for whatever reason. */
  onExit(listener: () => void): void;
  kill(): void;
}

export interface ProcessSettings {
  /** A detector's file that does not change. */
  file: string;
  /** What errors call it. */
  name: string;
  threads: number;
}

/** Built, the script lies beside this module; in the clone it is TypeScript. */
function scriptOf(): { path: string; execArgv: string[] } {
  const source = import.meta.url.endsWith(".ts");
  const path = fileURLToPath(new URL(`./score-worker.${source ? "ts" : "js"}`, import.meta.url));
  return { path, execArgv: source ? sourceOptions() : [] };
}

/** Secrets of the server are not its processes' business. */
function environment(): NodeJS.ProcessEnv {
  const { HALE_TOKEN: _, ...rest } = process.env;
  return rest;
}

/**
 * Starts a process and waits until its detector is loaded. Throws what `Detector.load` throws, DETECTOR_TOO_COSTLY where
 * loading was ended, and DEVICE_UNAVAILABLE where the process does not start.
 */
export async function startProcess({ file, name, threads }: ProcessSettings): Promise<ScoringProcess> {
  const { path, execArgv } = scriptOf();
  const child = fork(path, [], {
    execArgv,
    env: environment(),
    serialization: "advanced",
    // What libraries write there may name files of patients.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const exited = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("exit", (_, signal) => resolve(signal));
    child.once("error", () => resolve(null));
  });
  const card = await ready(child, exited, { file, name, threads });
  return {
    card,
    send: (message) => child.connected && child.send(message, () => {}),
    onMessage: (listener) => child.on("message", listener),
    onExit: (listener) => void exited.then(listener),
    kill: () => void child.kill("SIGKILL"),
  };
}

async function ready(
  child: ChildProcess,
  exited: Promise<NodeJS.Signals | null>,
  { file, name, threads }: ProcessSettings,
): Promise<Card> {
  let clock: ReturnType<typeof setTimeout> | undefined;
  const answered = new Promise<FromWorker>((resolve) => child.once("message", resolve));
  const slow = new Promise<"slow">((resolve) => {
    clock = setTimeout(() => resolve("slow"), START_MILLISECONDS);
  });
  child.send({ kind: "load", file, name, threads } satisfies ToWorker, () => {});
  const outcome = await Promise.race([answered, slow, exited]);
  clearTimeout(clock);
  if (outcome !== null && typeof outcome === "object") {
    if (outcome.kind === "ready") return outcome.card;
    child.kill("SIGKILL");
    if (outcome.kind !== "refused") throw new Error(`The process said ${outcome.kind} first.`);
    const { code, fault, remedy, setting } = outcome.error;
    throw new HaleError(code, fault, remedy, { setting });
  }
  child.kill("SIGKILL");
  if (outcome === "slow" || outcome === "SIGKILL") throw tooCostly(name, "loading it took too much time or memory");
  throw new HaleError(
    "DEVICE_UNAVAILABLE",
    "A process for scoring could not be started.",
    "Look at what it wrote; the installation may be incomplete, or memory short.",
  );
}
