/**
 * @file Jobs: what was accepted is on disk before it is answered, and is done or still waits after any kill. Uploads are
 * erased once they are scored, results once they are delivered, or when nobody came for them.
 */
import { EventEmitter } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SentFile } from "@hale/scoring/node";
import { answerOf } from "../answers/answer.ts";
import type { Detectors, Serving } from "../detectors.ts";
import { busy, faultOf, HttpFault } from "../faults.ts";
import type { JobView } from "../schemas.ts";
import type { Task } from "../scoring/task.ts";
import type { Limits } from "../settings.ts";
import { erase, type Spool } from "../spool.ts";
import { type JobRecord, readRecord, writeRecord } from "./record.ts";

export class Job extends EventEmitter<{ progress: [] }> {
  done = 0;
  total: number | null = null;
  running: { task: Task; serving: Serving } | null = null;
  clock: ReturnType<typeof setTimeout> | undefined;
  removed = false;

  constructor(
    public record: JobRecord,
    readonly folder: string,
  ) {
    super();
    this.setMaxListeners(0);
    const results = record.answer?.results.length;
    if (results !== undefined) this.total = this.done = results;
  }

  get id(): string {
    return this.record.id;
  }

  /** Folder for the files that are made. */
  get out(): string {
    return join(this.folder, "out");
  }

  get state(): JobView["state"] {
    if (this.record.answer) return "done";
    if (this.record.error) return "failed";
    return this.total === null ? "queued" : "running";
  }

  get isOver(): boolean {
    return this.removed || this.record.ended !== undefined;
  }

  view(): JobView {
    const { id, done, total, state } = this;
    const { detector, created, files, error } = this.record;
    const self = `/v1/jobs/${id}`;
    return {
      ...{ id, state, detector, created, files: files.length, done, total },
      ...(error && { error }),
      links: { self, events: `${self}/events`, results: `${self}/results` },
    };
  }
}

/** How long it is remembered that there was a job, in jobs. */
const MOST_GONE = 10_000;

export class Jobs {
  private readonly jobs = new Map<string, Job>();
  private readonly gone = new Set<string>();
  private holding = false;

  constructor(
    private readonly spool: Spool,
    private readonly detectors: Detectors,
    private readonly limits: Limits,
    private readonly onEnd: (serving: Serving | null, job: Job) => void,
  ) {}

  /** Takes up what was accepted before this process began, and erases what was not. */
  async resume(): Promise<void> {
    const place = join(this.spool.folder, "jobs");
    for (const id of await readdir(place)) {
      const folder = join(place, id);
      const record = await readRecord(folder);
      if (!record || record.id !== id) {
        await erase(folder);
        continue;
      }
      const job = new Job(record, folder);
      this.jobs.set(id, job);
      this.spool.count(record.bytes);
      if (job.isOver) this.keep(job);
      else this.start(job);
    }
  }

  get unfinished(): number {
    return [...this.jobs.values()].filter((job) => !job.isOver).length;
  }

  /** Throws HttpFault where there are too many. */
  checkRoom(): void {
    if (this.unfinished >= this.limits.jobs) throw busy(30);
  }

  /** Accepts a job whose files are in its folder; once this returns it will be done. */
  async accept(
    { id, folder }: { id: string; folder: string },
    { files, bytes }: { files: readonly SentFile[]; bytes: number },
    asked: Pick<JobRecord, "detector" | "include" | "way">,
  ): Promise<Job> {
    const names = files.map(({ name }) => name);
    const created = new Date().toISOString();
    const record: JobRecord = { id, ...asked, created, files: names, bytes };
    const job = new Job(record, folder);
    await writeRecord(folder, record);
    this.jobs.set(id, job);
    this.start(job);
    return job;
  }

  /** Throws HttpFault where there is none, or none any more. */
  named(id: string): Job {
    const job = this.jobs.get(id);
    if (job) return job;
    if (this.gone.has(id)) {
      throw new HttpFault(
        410,
        "GONE",
        "The job is no more: its results were fetched, or it was deleted.",
        "Send it again.",
      );
    }
    throw new HttpFault(404, "NOT_FOUND", "There is no such job.", "Check the id.");
  }

  /** Ends and forgets it, and erases all of it. */
  async remove(job: Job): Promise<void> {
    clearTimeout(job.clock);
    if (!this.jobs.delete(job.id)) return;
    job.removed = true;
    this.gone.add(job.id);
    if (this.gone.size > MOST_GONE) this.gone.delete(this.gone.values().next().value!);
    job.running?.serving.group.cancel(job.running.task);
    this.spool.count(-job.record.bytes);
    await erase(job.folder);
    job.emit("progress");
  }

  /** From now on what does not succeed is left for the next start. */
  hold(): void {
    this.holding = true;
    for (const job of this.jobs.values()) clearTimeout(job.clock);
  }

  /** Once all are done, or the time is over. */
  async settled(milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    while (this.unfinished > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private start(job: Job): void {
    void this.run(job).catch((error: unknown) => this.fail(job, error));
  }

  private async run(job: Job): Promise<void> {
    const { files, include, way, detector } = job.record;
    const out = include.length > 0 ? job.out : null;
    await rm(job.out, { recursive: true, force: true });
    if (out) await mkdir(out, { mode: 0o700 });
    if (!this.jobs.has(job.id)) return;
    const serving = this.detectors.named(detector);
    const task = serving.group.start({
      files: files.map((name, i) => ({ path: join(job.folder, String(i)), name })),
      ...{ include, way, out, urgent: false, patience: this.limits.jobMilliseconds },
      onProgress: (done, total) => {
        job.done = done;
        job.total = total;
        job.emit("progress");
      },
    });
    job.running = { task, serving };
    const outcome = await task.result;
    if (!this.jobs.has(job.id)) return;
    const answer = { ...answerOf(serving, outcome), outputs: outcome.outputs };
    await this.end(job, { answer }, serving);
  }

  private async fail(job: Job, error: unknown): Promise<void> {
    if (!this.jobs.has(job.id) || this.holding) return;
    await this.end(job, faultOf(error).body, job.running?.serving ?? null).catch(() => {});
  }

  private async end(job: Job, result: Pick<JobRecord, "answer" | "error">, serving: Serving | null): Promise<void> {
    job.running = null;
    const record = { ...job.record, ...result, ended: new Date().toISOString() };
    await writeRecord(job.folder, record);
    job.record = record;
    for (const i of record.files.keys()) await rm(join(job.folder, String(i)), { force: true });
    this.onEnd(serving, job);
    job.emit("progress");
    this.keep(job);
  }

  private keep(job: Job): void {
    const left = Date.parse(job.record.ended!) + this.limits.keepMilliseconds - Date.now();
    job.clock = setTimeout(() => void this.remove(job), Math.max(0, left));
    job.clock.unref();
  }
}
