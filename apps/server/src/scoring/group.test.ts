/** @file What happens to requests when a process gets stuck or crashes, with processes that are played by a few lines here. */

import { HaleError } from "@hale/core";
import { errorRow, type Row } from "@hale/scoring";
import { afterEach, expect, test } from "vitest";
import { cardWith } from "../../../../packages/detector/src/test-support.ts";
import { Group } from "./group.ts";
import type { ScoringProcess } from "./process.ts";
import type { FromWorker, Order, ToWorker } from "./protocol.ts";
import type { Asked } from "./task.ts";

const card = cardWith();
const rowOf = (file: string): Row => ({
  ...errorRow(card, file, new HaleError("IMAGE_CORRUPT", "", "")),
  ...{ score: 1, error: null },
});

/** A process that scores a file a tick, gets stuck at "stuck" and crashes at "crash" and, the first time, at "once". */
class Played implements ScoringProcess {
  readonly card = card;
  private say: (message: FromWorker) => void = () => {};
  private exit: () => void = () => {};
  private dead = false;
  constructor(
    readonly seen: string[][],
    private readonly done: Set<string>,
  ) {}
  onMessage(listener: (message: FromWorker) => void) {
    this.say = listener;
  }
  onExit(listener: () => void) {
    const before = this.exit;
    this.exit = () => {
      before();
      listener();
    };
  }
  kill() {
    if (this.dead) return;
    this.dead = true;
    setImmediate(this.exit);
  }
  send(message: ToWorker) {
    if (message.kind === "score") void this.score(message.orders);
  }
  private async score(orders: readonly Order[]) {
    this.seen.push(orders.flatMap(({ files }) => files.map(({ name }) => name)));
    const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
    for (const { id, files, from } of orders) {
      await tick();
      this.say({ kind: "began", id, files: files.map(({ name }) => name) });
      for (const { name } of files.slice(from)) {
        await tick();
        if (name === "stuck") return;
        const isFirst = !this.done.has(name) && this.done.add(name);
        if (name === "crash" || (name === "once" && isFirst)) return this.kill();
        if (this.dead) return;
        this.say({ kind: "row", id, row: rowOf(name), outputs: [] });
      }
      this.say({ kind: "done", id });
    }
    this.say({ kind: "idle" });
  }
}

let group: Group;
afterEach(() => group.close());

async function open(workers = 1) {
  const seen: string[][] = [];
  const ended: string[] = [];
  const done = new Set<string>();
  const events = { batch() {}, ended: (why: string) => void ended.push(why), restartFailed() {}, defect() {} };
  group = await Group.open({ file: "", name: "", threads: 1, workers }, events, async () => new Played(seen, done));
  return { seen, ended };
}

const ask = (names: string[], more: Partial<Asked> = {}) =>
  group.start({
    files: names.map((name) => ({ name, path: name })),
    ...{ include: [], way: {}, out: null, urgent: true, patience: 60 },
    ...more,
  }).result;

const scores = ({ rows }: { rows: Row[] }) => rows.map(({ file, score, error }) => [file, error?.code ?? score]);

test("one that is stuck is ended after its time, and those it was with are done again", async () => {
  const { seen, ended } = await open();
  const first = ask(["first"]);
  const others = ["a", "stuck", "b"].map((name) => ask([name]));
  expect(scores(await first)).toEqual([["first", 1]]);
  const [a, stuck, b] = await Promise.all(others);
  expect([scores(a), scores(b)]).toEqual([[["a", 1]], [["b", 1]]]);
  expect(scores(stuck)).toEqual([["stuck", "IMAGE_TOO_SLOW"]]);
  // Together while they queued; then what was not done, one by one.
  expect(seen).toEqual([["first"], ["a", "stuck", "b"], ["stuck"], ["b"]]);
  expect(ended).toEqual(["slow", "slow"]);
});

test("a crash costs nobody an answer: another process does it again", async () => {
  const { ended } = await open();
  const answers = await Promise.all(["a", "once", "b"].map((name) => ask([name])));
  expect(answers.map(scores)).toEqual([[["a", 1]], [["once", 1]], [["b", 1]]]);
  expect(ended).toEqual(["crash"]);
});

test("of a study, the image at which a process ends twice has a row that says so, and all others have theirs", async () => {
  await open();
  const study = await ask(["a", "crash", "b", "stuck", "c"], { urgent: false });
  expect(scores(study)).toEqual([
    ["a", 1],
    ["crash", "IMAGE_CORRUPT"],
    ["b", 1],
    ["stuck", "IMAGE_TOO_SLOW"],
    ["c", 1],
  ]);
});

test("while one process is stuck, another answers", async () => {
  await open(2);
  const stuck = ask(["stuck"], { patience: 10_000 });
  const started = Date.now();
  expect(scores(await ask(["a"]))).toEqual([["a", 1]]);
  expect(Date.now() - started).toBeLessThan(5000);
  stuck.catch(() => {});
});

test("jobs leave a process for those who wait, and what nobody wants any more is not begun", async () => {
  const { seen } = await open(2);
  const jobs = ["j1", "j2"].map((name) => ask([name], { urgent: false }));
  const urgent = ask(["now"]);
  const task = group.start({
    files: [{ name: "never", path: "" }],
    ...{ include: [], way: {}, out: null, urgent: false, patience: 60 },
  });
  group.cancel(task);
  await Promise.all([...jobs, urgent]);
  await expect(task.result).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  expect(seen.flat().sort()).toEqual(["j1", "j2", "now"]);
  expect(seen.findIndex(([name]) => name === "now")).toBeLessThan(seen.findIndex(([name]) => name === "j2"));
});

test("when it closes, whoever waits is told", async () => {
  await open();
  const waits = ask(["stuck"], { patience: 10_000 });
  await group.close();
  await expect(waits).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  await expect(ask(["late"])).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
});
