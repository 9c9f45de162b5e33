/**
 * @file The process that scores: it loads one detector, and takes orders until its parent is gone. It can be ended at any
 * moment; what it was doing then is done again by another.
 */
import { HaleError } from "@hale/core";
import { watched } from "@hale/core/node";
import { Detector, LOAD_MEMORY_BYTES, LOAD_MILLISECONDS } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { openDevice } from "@hale/runtime/node";
import {
  ENDINGS,
  identityOf,
  inputAsked,
  type ObjectSettings,
  type OutputFile,
  type ScanSettings,
  scoreTargets,
  type Target,
} from "@hale/scoring";
import { folderSink, openObjects, sentTargets } from "@hale/scoring/node";
import type { FromWorker, Include, Order, Told, ToWorker } from "./protocol.ts";
import { isCardsOwn, parseWay } from "./way.ts";

const say = (message: FromWorker) => void process.send!(message);

const told = ({ code, fault, remedy, setting }: HaleError): Told => ({ code, fault, remedy, setting });

/** Endings of the files that each word asks for; objects have a sink of their own. */
const ENDINGS_OF: Readonly<Record<Exclude<Include, "objects">, readonly string[]>> = {
  map: [ENDINGS.map, ENDINGS.volumeMap],
  overlay: [ENDINGS.overlay],
  healthy: [ENDINGS.healthy],
  curve: [ENDINGS.curve],
};

interface Loaded {
  detector: Detector;
  bytes: Uint8Array;
}

let loaded: Loaded;
const cancelled = new Map<number, AbortController>();

async function load(file: string, name: string, threads: number): Promise<void> {
  const bytes = await readDetectorBytes(file);
  const limits = { milliseconds: LOAD_MILLISECONDS, memoryBytes: LOAD_MEMORY_BYTES };
  // The parent sees the signal that ends this process, and says what it means.
  const nothing = { out: "", err: "" };
  const device = await openDevice({ kind: "cpu", threads });
  const words = { slow: nothing, memory: nothing };
  loaded = { detector: await watched(() => Detector.load(bytes, device, name), limits, words), bytes };
  say({ kind: "ready", card: loaded.detector.card });
}

/** How an order's images are scored, and the names of the files that are made. */
interface Making {
  settings: ScanSettings;
  outputs: string[];
  objects: Omit<ObjectSettings, "detector"> | null;
}

async function makingOf({ id, include, way, out }: Order): Promise<Making> {
  const outputs: string[] = [];
  const parsed = parseWay(way);
  const scans = { input: inputAsked(loaded.detector, parsed.input), aggregation: parsed.aggregation };
  if (out === null) return { settings: scans, outputs, objects: null };
  const folder = folderSink(out);
  const wanted = include.flatMap((word) => (word === "objects" ? [] : ENDINGS_OF[word]));
  const keep = async (file: OutputFile) => {
    await folder(file);
    outputs.push(file.name);
    return file.name;
  };
  const maps = async (file: OutputFile) =>
    wanted.some((ending) => file.name.endsWith(ending)) ? keep(file) : file.name;
  const note = (sentence: string) => say({ kind: "note", id, sentence });
  const objects = include.includes("objects") ? await openObjects({ folder: out, segmentAbove: "p99" }, note) : null;
  const { detector, bytes } = loaded;
  return {
    outputs,
    objects,
    settings: {
      ...scans,
      maps: wanted.length > 0 ? maps : undefined,
      objects: objects ? { ...objects, sink: keep, detector: await identityOf(detector, bytes) } : undefined,
    },
  };
}

interface Begun {
  order: Order;
  making: Making;
  targets: readonly Target[];
  ended: AbortSignal;
}

async function begin(order: Order): Promise<Begun | null> {
  const controller = new AbortController();
  cancelled.set(order.id, controller);
  try {
    const making = await makingOf(order);
    const targets = await sentTargets(order.files, making.objects?.library.sourceInstance);
    say({ kind: "began", id: order.id, files: targets.map(({ file }) => file) });
    return { order, making, targets: targets.slice(order.from), ended: controller.signal };
  } catch (error) {
    fail([order], error);
    return null;
  }
}

function fail(orders: readonly Order[], error: unknown): void {
  if (!(error instanceof HaleError)) say({ kind: "defect", place: placeOf(error) });
  for (const { id } of orders) {
    say({ kind: "failed", id, error: error instanceof HaleError ? told(error) : null });
    cancelled.delete(id);
  }
}

/** By name and place alone: messages of others may hold names of files. */
const placeOf = (error: unknown) =>
  error instanceof Error
    ? [error.name, ...(error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))].join("\n")
    : typeof error;

/** Orders that make no files: their images go through the network together. */
async function together(begun: readonly Begun[]): Promise<void> {
  const owners = begun.flatMap((one) => one.targets.map(() => one));
  const left = new Map(begun.map((one) => [one, one.targets.length]));
  const finish = (one: Begun) => {
    say({ kind: "done", id: one.order.id });
    cancelled.delete(one.order.id);
  };
  for (const [one, count] of left) if (count === 0) finish(one);
  let at = 0;
  const lone = begun.length === 1 ? begun[0] : null;
  const options = {
    signal: lone?.ended,
    onNote: (sentence: string) => say({ kind: "note", id: owners[at].order.id, sentence }),
  };
  try {
    for await (const row of scoreTargets(
      loaded.detector,
      begun.flatMap(({ targets }) => targets),
      options,
    )) {
      const owner = owners[at++];
      say({ kind: "row", id: owner.order.id, row, outputs: [] });
      left.set(owner, left.get(owner)! - 1);
      if (left.get(owner) === 0) finish(owner);
    }
  } catch (error) {
    fail(
      [...left].filter(([, count]) => count > 0).map(([{ order }]) => order),
      error,
    );
  }
}

async function alone({ order, making, targets, ended }: Begun, careful: boolean): Promise<void> {
  const onNote = (sentence: string) => say({ kind: "note", id: order.id, sentence });
  const options = { ...making.settings, signal: ended, onNote };
  try {
    for (const some of careful ? targets.map((target) => [target]) : [targets]) {
      for await (const row of scoreTargets(loaded.detector, some, options)) {
        say({ kind: "row", id: order.id, row, outputs: making.outputs.splice(0) });
      }
    }
    say({ kind: "done", id: order.id });
    cancelled.delete(order.id);
  } catch (error) {
    fail([order], error);
  }
}

async function score(orders: readonly Order[], careful: boolean): Promise<void> {
  const begun: Begun[] = [];
  for (const order of orders) {
    const one = await begin(order);
    if (one) begun.push(one);
  }
  const plain = begun.filter(({ order }) => order.out === null && isCardsOwn(order.way) && !careful);
  if (plain.length > 0) await together(plain);
  for (const one of begun.filter((one) => !plain.includes(one))) await alone(one, careful);
  say({ kind: "idle" });
}

process.on("message", (message: ToWorker) => {
  if (message.kind === "cancel") {
    cancelled.get(message.id)?.abort(new HaleError("FILE_UNREADABLE", "The request was withdrawn.", "Send it again."));
  } else if (message.kind === "score") {
    void score(message.orders, message.careful);
  } else {
    load(message.file, message.name, message.threads).catch((error: unknown) => {
      if (!(error instanceof HaleError)) throw error;
      say({ kind: "refused", error: told(error) });
    });
  }
});
process.on("uncaughtException", (error) => {
  process.send!({ kind: "defect", place: placeOf(error) } satisfies FromWorker, () => process.exit(1));
});
// The parent decides when this process ends: a terminal and a service manager send their signals to all of a group.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit(0));
