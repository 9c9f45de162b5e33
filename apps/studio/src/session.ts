/**
 * @file What the page has open: a detector, a table of rows, what is selected, what goes on. One store for all views, so that
 * scoring goes on while another is looked at. The engine does the work.
 */

import type { Row } from "@hale/scoring";
import type { GivenFile, SourceRow } from "@hale/scoring/web";
import { proxy } from "comlink";
import { useSyncExternalStore } from "react";
import { engine, onCrash } from "./engine/client.ts";
import type { ListedSource, OpenedDetector } from "./engine/engine.ts";
import { type Refusal, Refused, refusalOf, unwrapped } from "./engine/outcome.ts";

/** A line of the table: a source, or a further scan of one. */
export interface TableRow {
  /** `id.part` */
  key: string;
  id: number;
  part: number;
  file: string;
  series: boolean;
  /** Null until it was scored. */
  row: Row | null;
}

export type Phase = "idle" | "loading" | "finding" | "scoring" | "paused" | "done";

export interface Session {
  detector: OpenedDetector | null;
  phase: Phase;
  /** Of what goes on, for people. */
  activity: string;
  rows: readonly TableRow[];
  /** Rows that have their result. */
  done: number;
  /** Files that were given and are no images. */
  others: number;
  selected: string | null;
  /** False-alarm rate that was chosen in place of the card's. */
  rate: number | null;
  refusal: Refusal | null;
}

let session: Session = {
  detector: null,
  phase: "idle",
  activity: "",
  rows: [],
  done: 0,
  others: 0,
  selected: null,
  rate: null,
  refusal: null,
};
const listeners = new Set<() => void>();

function set(change: Partial<Session>): void {
  session = { ...session, ...change };
  for (const listener of listeners) listener();
}

export const useSession = (): Session =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );

export const select = (selected: string | null) => set({ selected });
export const chooseRate = (rate: number | null) => set({ rate });
export const dismiss = () => set({ refusal: null });
export const refuse = (error: unknown) => set({ refusal: error instanceof Refused ? error.refusal : refusalOf(error) });

onCrash((why) => {
  const lost = session.detector ? " Drop detector and images again." : "";
  set({
    ...{ detector: null, rows: [], done: 0, selected: null, phase: "idle", activity: "" },
    refusal: {
      code: "DEFECT",
      fault: `The worker behind the page ended: ${why}.`,
      remedy: `A new one was started.${lost}`,
    },
  });
});

/** Runs `work`; what goes wrong is said in the page, and nothing that was open is lost. */
async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    set({ refusal: null });
    await work();
    return true;
  } catch (error) {
    refuse(error);
    return false;
  }
}

/** Opens detectors and images together, whichever of them were given; then scores. */
export async function give(files: readonly GivenFile[]): Promise<void> {
  const detectors = files.filter(({ path }) => /\.hale$/i.test(path));
  const images = files.filter(({ path }) => !/\.(hale|seen)$/i.test(path));
  const opened = detectors.length === 0 || (await openDetector(detectors[0].blob, detectors[0].path));
  if (images.length > 0) await addImages(images);
  if (opened && session.detector) await score();
}

/** Loads a detector; rows that were scored by another are forgotten, their images are not. */
function openDetector(source: Blob | string, name: string): Promise<boolean> {
  return attempt(async () => {
    const before = session.phase;
    set({ phase: "loading", activity: "Loading the detector" });
    try {
      const detector = unwrapped(await (await engine()).open(source, name));
      const rows = session.rows.filter(({ part }) => part === 0).map((row) => ({ ...row, row: null }));
      set({ detector, rows, done: 0, rate: null, phase: "idle", activity: "" });
    } catch (error) {
      set({ phase: before === "scoring" ? "paused" : before, activity: "" });
      throw error;
    }
  });
}

async function addImages(files: readonly GivenFile[]): Promise<void> {
  await attempt(async () => {
    set({ phase: "finding", activity: "Looking at the files" });
    const told = proxy((done: number, total: number) => set({ activity: `Looking at the files: ${done} of ${total}` }));
    try {
      const { listed, others } = unwrapped(await (await engine()).add([...files], told));
      list(listed, others);
      if (listed.length === 0) {
        throw new Refused({
          code: "FILE_NOT_FOUND",
          fault: "There was no image in what you gave.",
          remedy: "hale reads PNG, JPEG, TIFF, DICOM, NIfTI, NRRD and MetaImage, also in folders and zips.",
        });
      }
    } finally {
      set({ phase: session.rows.length > session.done ? "paused" : "idle", activity: "" });
    }
  });
}

function list(listed: readonly ListedSource[], others = 0): void {
  const rows = listed.map(
    ({ id, file, series }): TableRow => ({ key: `${id}.0`, id, part: 0, file, series, row: null }),
  );
  set({
    rows: [...session.rows, ...rows],
    others: session.others + others,
    selected: session.selected ?? rows[0]?.key ?? null,
  });
}

/** Scores what has no result yet. */
export async function score(): Promise<void> {
  const ids = session.rows.filter(({ row, part }) => row === null && part === 0).map(({ id }) => id);
  if (ids.length === 0) return;
  await attempt(async () => {
    set({ phase: "scoring", activity: "Scoring" });
    try {
      const finished = unwrapped(await (await engine()).score(ids, proxy(receive)));
      set({ phase: finished ? "done" : "paused", activity: "" });
    } catch (error) {
      set({ phase: "paused", activity: "" });
      throw error;
    }
  });
}

function receive(results: SourceRow[]): void {
  const at = new Map(session.rows.map(({ key }, i) => [key, i]));
  const rows = [...session.rows];
  const further: TableRow[] = [];
  for (const { source, part, row } of results) {
    const index = at.get(`${source}.${part}`);
    const before = index === undefined ? undefined : rows[index];
    if (before) rows[index!] = { ...before, row };
    else further.push({ key: `${source}.${part}`, id: source, part, file: row.file, series: true, row });
  }
  rows.push(...further);
  set({ rows, done: rows.filter(({ row }) => row !== null).length });
}

/** Ends scoring after what is under way; `score` goes on with the rest. */
export async function pause(): Promise<void> {
  await attempt(async () => {
    await (await engine()).stop();
  });
}

/** Forgets the images; the detector stays. */
export async function clear(): Promise<void> {
  await attempt(async () => {
    await (await engine()).clear();
    set({ rows: [], done: 0, others: 0, selected: null, phase: "idle", activity: "" });
  });
}

/** The first visit: a shipped detector and phantoms drawn here. True where all of it went well. */
export async function tryIt(): Promise<boolean> {
  await clear();
  const address = new URL("engine/example.hale", document.baseURI).href;
  if (!(await openDetector(address, "example.hale"))) return false;
  const listed = await attempt(async () => {
    set({ phase: "finding", activity: "Drawing phantoms" });
    list(unwrapped(await (await engine()).addExamples()).listed);
    set({ selected: "1.0" });
  });
  if (listed) void score();
  return listed;
}
