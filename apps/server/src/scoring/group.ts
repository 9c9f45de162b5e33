/**
 * @file The processes that score with one detector. Each does one thing at a time; what takes too long, or crashes, costs the
 * process its life and is found out: what was done together is done again one by one, and the image at which a process ends
 * once more gets a row that says so. Nobody else's request is lost.
 */
import { HaleError } from "@hale/core";
import type { Card } from "@hale/detector";
import { errorRow } from "@hale/scoring";
import { type ProcessSettings, type ScoringProcess, startProcess } from "./process.ts";
import type { FromWorker } from "./protocol.ts";
import { Queue } from "./queue.ts";
import { type Asked, Task } from "./task.ts";

export interface GroupSettings extends ProcessSettings {
  /** How many processes. */
  workers: number;
}

/** What happens, for logs and metrics. */
export interface GroupEvents {
  batch(tasks: number): void;
  ended(why: "slow" | "crash"): void;
  restartFailed(error: unknown): void;
  defect(place: string): void;
}

interface Slot {
  process: ScoringProcess;
  tasks: Task[];
  clock: ReturnType<typeof setTimeout> | undefined;
  slow: boolean;
}

/** Milliseconds before a process is started again, doubled with each failure up to the latter. */
const [FIRST_WAIT, LONGEST_WAIT] = [500, 30_000];

export class Group {
  private readonly slots = new Set<Slot>();
  private readonly queue = new Queue();
  private closing = false;
  private idle: (() => void)[] = [];

  private constructor(
    private readonly settings: GroupSettings,
    readonly card: Card,
    private readonly events: GroupEvents,
    private readonly startOne: typeof startProcess,
  ) {}

  /** Starts the processes, by `startOne` in tests. Throws what `startProcess` throws. */
  static async open(settings: GroupSettings, events: GroupEvents, startOne = startProcess): Promise<Group> {
    const first = await startOne(settings);
    const group = new Group(settings, first.card, events, startOne);
    group.add(first);
    try {
      const others = Array.from({ length: settings.workers - 1 }, async () => group.add(await startOne(settings)));
      await Promise.all(others);
    } catch (error) {
      await group.close();
      throw error;
    }
    return group;
  }

  get ready(): boolean {
    return this.slots.size > 0 && !this.closing;
  }

  /** Tasks that wait, and tasks under way. */
  get load(): { waiting: number; running: number; workers: number } {
    const running = [...this.slots].reduce((sum, { tasks }) => sum + tasks.length, 0);
    return { waiting: this.queue.length, running, workers: this.slots.size };
  }

  start(asked: Asked): Task {
    const task = new Task(asked);
    if (this.closing) task.fail(stopped());
    else this.queue.add(task);
    this.pump();
    return task;
  }

  /** Whether a process has it. */
  isUnderWay(task: Task): boolean {
    return [...this.slots].some(({ tasks }) => tasks.includes(task));
  }

  /** Nobody wants it any more. What is under way ends after the next image. */
  cancel(task: Task): void {
    task.fail(new HaleError("FILE_UNREADABLE", "The request was withdrawn.", "Send it again."));
    if (this.queue.remove(task)) {
      this.changed();
      return;
    }
    for (const { tasks, process } of this.slots)
      if (tasks.includes(task)) process.send({ kind: "cancel", id: task.id });
  }

  /** Once nothing waits or is under way. */
  async drained(): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** Ends all processes at once; what is not done fails. */
  async close(): Promise<void> {
    this.closing = true;
    const left = [...this.queue.clear(), ...[...this.slots].flatMap(({ tasks }) => tasks)];
    for (const task of left) task.fail(stopped());
    const gone = [...this.slots].map(({ process }) => new Promise<void>((resolve) => process.onExit(resolve)));
    for (const { process, clock } of this.slots) {
      clearTimeout(clock);
      process.kill();
    }
    await Promise.all(gone);
  }

  private get isIdle(): boolean {
    return this.queue.length === 0 && [...this.slots].every(({ tasks }) => tasks.length === 0);
  }

  private changed(): void {
    if (this.isIdle) for (const resolve of this.idle.splice(0)) resolve();
  }

  private add(process: ScoringProcess): void {
    if (this.closing) {
      process.kill();
      return;
    }
    const slot: Slot = { process, tasks: [], clock: undefined, slow: false };
    this.slots.add(slot);
    process.onMessage((message) => this.heard(slot, message));
    process.onExit(() => this.lost(slot));
    this.pump();
  }

  private pump(): void {
    for (const slot of this.slots) {
      if (slot.tasks.length > 0) continue;
      const free = [...this.slots].filter(({ tasks }) => tasks.length === 0).length;
      const tasks = this.queue.take(free, free > 1 || this.slots.size === 1);
      if (tasks.length === 0) break;
      slot.tasks = tasks;
      this.events.batch(tasks.length);
      const orders = tasks.map(({ id, rows, asked: { files, include, way, out } }) => ({
        ...{ id, files, include, way, out },
        from: rows.length,
      }));
      slot.process.send({ kind: "score", orders, careful: tasks[0].careful });
      this.watch(slot);
    }
    this.changed();
  }

  /** From now on it has as long as the least patient of its tasks allows. */
  private watch(slot: Slot): void {
    clearTimeout(slot.clock);
    if (slot.tasks.length === 0) return;
    const patience = Math.min(...slot.tasks.map(({ asked }) => asked.patience));
    slot.clock = setTimeout(() => {
      slot.slow = true;
      slot.process.kill();
    }, patience);
  }

  private heard(slot: Slot, message: FromWorker): void {
    if (message.kind === "defect") this.events.defect(message.place);
    if (message.kind === "idle") {
      // Answered already, or it would not be idle.
      for (const task of slot.tasks.splice(0)) task.fail(new Error("A process left a task undone."));
      clearTimeout(slot.clock);
      this.pump();
    }
    if (!("id" in message)) return;
    const task = slot.tasks.find(({ id }) => id === message.id);
    if (!task) return;
    this.watch(slot);
    task.hear(message);
  }

  private lost(slot: Slot): void {
    clearTimeout(slot.clock);
    if (!this.slots.delete(slot) || this.closing) return;
    const why = slot.slow ? "slow" : "crash";
    this.events.ended(why);
    const left = slot.tasks.filter(({ settled }) => !settled);
    for (const task of left.reverse()) this.again(task, slot, why);
    void this.replace(FIRST_WAIT);
    this.pump();
  }

  /** After the process that worked at it has ended. */
  private again(task: Task, { tasks }: Slot, why: "slow" | "crash"): void {
    const at = task.rows.length;
    const { targets, asked } = task;
    const isLast = targets !== null && targets.length - at === 1 && tasks.length === 1;
    if (task.careful || (why === "slow" && isLast)) {
      if (targets === null || at >= targets.length) task.fail(faultOf(why, "What was sent", asked.patience));
      else task.add(errorRow(this.card, targets[at], faultOf(why, targets[at], asked.patience)));
      if (task.rows.length === targets?.length) task.done();
      if (task.settled) return;
    }
    task.careful = true;
    this.queue.addFirst(task);
  }

  private async replace(wait: number): Promise<void> {
    try {
      this.add(await this.startOne(this.settings));
    } catch (error) {
      if (this.closing) return;
      this.events.restartFailed(error);
      await new Promise((resolve) => setTimeout(resolve, wait).unref());
      if (!this.closing) await this.replace(Math.min(2 * wait, LONGEST_WAIT));
    }
  }
}

const stopped = () => new HaleError("DEVICE_UNAVAILABLE", "The server stops.", "Try again later.");

function faultOf(why: "slow" | "crash", name: string, patience: number): HaleError {
  if (why === "slow") {
    return new HaleError(
      "IMAGE_TOO_SLOW",
      `${name} took longer than ${patience / 1000} s, and its examination was ended.`,
      "It may be damaged, or made to stop its reader. Send large studies as a job.",
    );
  }
  return new HaleError(
    "IMAGE_CORRUPT",
    `${name} ended the process that examined it, twice.`,
    "Take it out; if other programs read it, please report the fault with the file.",
  );
}
