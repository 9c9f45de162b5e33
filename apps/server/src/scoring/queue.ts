/**
 * @file What waits to be scored. Requests that somebody waits for go first, in their order; small ones are taken together, so
 * that their images share a run of the network. Jobs never take the last free process where there are several.
 */
import { MOST_IMAGES } from "@hale/detector";
import type { Task } from "./task.ts";

export class Queue {
  private readonly urgent: Task[] = [];
  private readonly jobs: Task[] = [];

  get length(): number {
    return this.urgent.length + this.jobs.length;
  }

  add(task: Task): void {
    (task.asked.urgent ? this.urgent : this.jobs).push(task);
  }

  /** Before all others of its kind: it was begun already. */
  addFirst(task: Task): void {
    (task.asked.urgent ? this.urgent : this.jobs).unshift(task);
  }

  /** False where it does not wait any more. */
  remove(task: Task): boolean {
    for (const list of [this.urgent, this.jobs]) {
      const at = list.indexOf(task);
      if (at >= 0) return list.splice(at, 1).length > 0;
    }
    return false;
  }

  /** What one of `free` free processes is to do next; nothing where nothing may begin. */
  take(free: number, jobsMayBegin: boolean): Task[] {
    const first = this.urgent.shift();
    if (!first) {
      const job = jobsMayBegin ? this.jobs.shift() : undefined;
      return job ? [job] : [];
    }
    const taken = [first];
    // Fair shares: what waits is divided among the processes that are free.
    const most = first.joins ? Math.min(MOST_IMAGES, Math.ceil((this.urgent.length + 1) / free)) : 1;
    while (taken.length < most && this.urgent[0]?.joins) taken.push(this.urgent.shift()!);
    return taken;
  }

  /** All that waits, which then waits no more. */
  clear(): Task[] {
    return [...this.urgent.splice(0), ...this.jobs.splice(0)];
  }
}
