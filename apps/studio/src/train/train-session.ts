/**
 * @file What the view of training has open: a data set, a run with its curves and pictures, the runs that this browser keeps.
 * It lives beside the view, so that a run goes on while another view is looked at. The worker does the work.
 */
import type { LossLine, TabChoice, TabRun } from "@hale/training/web";
import { proxy } from "comlink";
import { useSyncExternalStore } from "react";
import { unwrapped } from "../engine/outcome.ts";
import { refuse } from "../session.ts";
import { onTrainCrash, trainEngine } from "./train-client.ts";
import type { Ended, OpenedData, ToldPlan, TrainEvents } from "./train-engine.ts";

/** "planned": a plan waits for the user's yes. */
export type TrainPhase = "idle" | "opening" | "preparing" | "planned" | "training" | "paused" | "done";

export interface Picture {
  iteration: number;
  url: string;
}

export interface TrainSession {
  data: OpenedData | null;
  device: { device: "webgpu" | "wasm"; reason: string } | null;
  phase: TrainPhase;
  activity: string;
  /** Of the run that goes on, or was paused in this page. */
  id: string | null;
  /** Whether that run is kept on disk. */
  stored: boolean;
  plan: ToldPlan | null;
  lines: readonly LossLine[];
  iterations: number;
  secondsLeft: number;
  selections: readonly { iteration: number; pseudoAuc: number }[];
  /** Of the newest checkpoint. */
  saved: number;
  /** What the method made of a few images, in the order of the iterations. */
  pictures: readonly Picture[];
  made: Extract<Ended, { kind: "detector" }> | null;
  /** Whether the page was hidden while it trained. */
  hidden: boolean;
  kept: readonly TabRun[];
}

const fresh = {
  id: null,
  plan: null,
  lines: [],
  iterations: 0,
  secondsLeft: 0,
  selections: [],
  saved: 0,
  pictures: [],
  made: null,
  hidden: false,
  activity: "",
} satisfies Partial<TrainSession>;

let session: TrainSession = { data: null, device: null, phase: "idle", stored: false, kept: [], ...fresh };
const listeners = new Set<() => void>();

function set(change: Partial<TrainSession>): void {
  session = { ...session, ...change };
  for (const listener of listeners) listener();
}

export const useTraining = (): TrainSession =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );

onTrainCrash((why) => {
  refuse(new Error(`The worker that trains ended (${why}); what was kept can go on from its last checkpoint`));
  set({ ...fresh, phase: "idle", data: null });
  void refreshKept();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && session.phase === "training") set({ hidden: true });
});

async function attempt<T>(work: () => Promise<T>, otherwise: Partial<TrainSession>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    refuse(error);
    set(otherwise);
    return null;
  }
}

/** Opens a data set: phantoms, or the files of a folder. */
export async function openData(files: { path: string; blob: Blob }[] | null): Promise<void> {
  set({ phase: "opening", activity: files ? "Looking at the folder" : "Drawing phantoms" });
  await attempt(
    async () => {
      const engine = await trainEngine();
      const data = unwrapped(await (files ? engine.openFolder(files) : engine.openPhantoms()));
      const device = session.device ?? (await engine.chooseDevice());
      set({ data, device, phase: "idle", activity: "" });
    },
    { phase: "idle", activity: "" },
  );
}

export async function estimate(choice: TabChoice) {
  return unwrapped(await (await trainEngine()).estimate(choice));
}

const events: TrainEvents = {
  activity: (activity) => set({ activity }),
  plan: (plan) => set({ plan, phase: "planned", activity: "" }),
  steps: (lines, iterations, secondsLeft) =>
    set({ lines: [...session.lines, ...lines], iterations, secondsLeft, phase: "training" }),
  selection: (iteration, pseudoAuc) => set({ selections: [...session.selections, { iteration, pseudoAuc }] }),
  saved: (saved) => set({ saved }),
  picture(file, png) {
    const found = /(\d+)\.png$/.exec(file);
    // Galleries and samples have a name behind the number.
    if (!found) return;
    const url = URL.createObjectURL(new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }));
    set({ pictures: [...session.pictures, { iteration: Number(found[1]), url }] });
  },
};

function discardPictures(): void {
  for (const { url } of session.pictures) URL.revokeObjectURL(url);
}

async function follow(id: string, stored: boolean, ending: () => Promise<Ended>): Promise<void> {
  discardPictures();
  set({ ...fresh, id, stored, phase: "preparing", activity: "Preparing" });
  // Not waited for: a browser may take its time, or never answer.
  const awake = navigator.wakeLock?.request("screen").catch(() => null);
  const ended = await attempt(ending, { phase: "idle", activity: "" });
  void awake?.then((lock) => lock?.release());
  if (ended?.kind === "detector") set({ made: ended, phase: "done", activity: "" });
  else if (ended && session.phase !== "idle") set({ phase: "paused", activity: "" });
  await refreshKept();
}

export function start(choice: TabChoice, stored: boolean): Promise<void> {
  const id = `${choice.method}-${Date.now().toString(36)}`;
  return follow(id, stored, async () =>
    unwrapped(await (await trainEngine()).start(id, choice, stored, proxy(events))),
  );
}

export const resume = (id: string, stored: boolean): Promise<void> =>
  follow(id, stored, async () => unwrapped(await (await trainEngine()).resume(id, proxy(events))));

/** The user's yes to the plan. */
export async function begin(): Promise<void> {
  set({ phase: "training", activity: "Training", secondsLeft: session.plan?.seconds ?? 0 });
  await (await trainEngine()).begin(true);
}

/** The user's no: nothing of a run that has not begun is left. */
export async function decline(): Promise<void> {
  const { id, stored, plan } = session;
  set({ ...fresh, phase: "idle" });
  await (await trainEngine()).begin(false);
  if (id && plan?.resumedAt === 0) {
    if (stored) await erase(id);
    else await (await trainEngine()).forget(id);
  }
}

export async function pauseTraining(): Promise<void> {
  set({ activity: "Saving" });
  await (await trainEngine()).pause();
}

/** Ends with a detector of what has been learnt so far. */
export async function stopTraining(): Promise<void> {
  set({ activity: "Making the detector" });
  await (await trainEngine()).stop();
}

export function closeRun(): void {
  discardPictures();
  set({ ...fresh, phase: "idle" });
}

export async function refreshKept(): Promise<void> {
  if (!("storage" in navigator)) return;
  await attempt(async () => set({ kept: unwrapped(await (await trainEngine()).runs()) }), {});
}

export async function keep(id: string, kept: boolean): Promise<void> {
  await attempt(async () => unwrapped(await (await trainEngine()).keep(id, kept)), {});
  await refreshKept();
}

export async function erase(id: string): Promise<void> {
  // A run gives up its lock a moment after it was asked to.
  await new Promise((done) => setTimeout(done, 100));
  await attempt(async () => unwrapped(await (await trainEngine()).erase(id)), {});
  await refreshKept();
}

export async function eraseAll(): Promise<void> {
  await attempt(async () => unwrapped(await (await trainEngine()).eraseAll()), {});
  await refreshKept();
}
