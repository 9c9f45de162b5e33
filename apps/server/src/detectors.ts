/**
 * @file The detectors by name. Each is read once, kept as it was read, and replaced by its file's next state without a stop:
 * the new one is loaded beside the old one, which finishes what it has begun.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { writeAtomic } from "@hale/core/node";
import { readDetectorBytes } from "@hale/detector/node";
import { HttpFault, invalid } from "./faults.ts";
import { Group, type GroupEvents } from "./scoring/group.ts";
import type { NamedFile } from "./settings.ts";

/** A detector at work. */
export interface Serving {
  readonly name: string;
  readonly sha256: string;
  readonly loaded: Date;
  readonly group: Group;
}

export interface DetectorSettings {
  /** Where what was read is kept. */
  folder: string;
  workers: number;
  threads: number;
}

export interface DetectorEvents extends GroupEvents {
  replaced(name: string, sha256: string): void;
  notReplaced(name: string, error: unknown): void;
}

/** Milliseconds between looks at the files. */
const LOOK_EVERY = 2000;

export class Detectors {
  private readonly serving = new Map<string, Serving>();
  private readonly looks = new Map<string, string>();
  private readonly leaving = new Set<Promise<void>>();
  private clock: ReturnType<typeof setInterval> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    private readonly files: readonly NamedFile[],
    private readonly settings: DetectorSettings,
    private readonly events: DetectorEvents,
  ) {}

  /** Loads all of them. Throws OPTION_INVALID for two of one name, and what reading and loading throw. */
  static async open(
    files: readonly NamedFile[],
    settings: DetectorSettings,
    events: DetectorEvents,
  ): Promise<Detectors> {
    for (const [i, { name }] of files.entries()) {
      if (files.findIndex((other) => other.name === name) === i) continue;
      throw new HaleError(
        "OPTION_INVALID",
        `Two detectors are called ${name}.`,
        "Name them, as in left=a/detector.hale.",
      );
    }
    const detectors = new Detectors(files, settings, events);
    try {
      for (const file of files) {
        detectors.looks.set(file.name, await lookOf(file.path));
        detectors.serving.set(file.name, await detectors.load(file));
      }
    } catch (error) {
      await detectors.close();
      throw error;
    }
    return detectors;
  }

  get all(): Serving[] {
    return [...this.serving.values()];
  }

  get ready(): boolean {
    return this.all.length === this.files.length && this.all.every(({ group }) => group.ready);
  }

  /** The one that a request wants. Throws HttpFault. */
  named(name: string | undefined): Serving {
    const names = this.files.map((file) => file.name).join(", ");
    if (name === undefined) {
      if (this.files.length === 1) return this.all[0];
      throw invalid("There are several detectors, and none is named.", `Give ?detector= one of ${names}.`);
    }
    const found = this.serving.get(name);
    if (found) return found;
    throw new HttpFault(404, "NOT_FOUND", "There is no detector of that name.", `There are: ${names}.`);
  }

  /** Looks at the files now and then. */
  watch(): void {
    const looked = new Map<string, string>();
    this.clock = setInterval(async () => {
      for (const { name, path } of this.files) {
        const look = await lookOf(path).catch(() => null);
        // A file that is being written differs from one look to the next.
        const settled = looked.get(name) === look;
        if (look !== null) looked.set(name, look);
        if (look !== null && settled && look !== this.looks.get(name)) await this.reload();
      }
    }, LOOK_EVERY);
    this.clock.unref();
  }

  /** Replaces those whose files have changed. Never throws: the old one stays where the new one is not sound. */
  reload(): Promise<void> {
    const turn = this.last.then(() => this.reloadNow());
    this.last = turn;
    return turn;
  }

  private async reloadNow(): Promise<void> {
    for (const file of this.files) {
      if (this.closed) return;
      try {
        const look = await lookOf(file.path);
        if (this.looks.get(file.name) === look) continue;
        this.looks.set(file.name, look);
        const old = this.serving.get(file.name)!;
        const bytes = await readDetectorBytes(file.path);
        if (hashOf(bytes) === old.sha256) continue;
        const next = await this.load(file, bytes);
        if (this.closed) return void (await next.group.close());
        this.serving.set(file.name, next);
        this.leave(old);
        this.events.replaced(file.name, next.sha256);
      } catch (error) {
        this.events.notReplaced(file.name, error);
      }
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.clock);
    await Promise.all(this.all.map(({ group }) => group.close()));
    await this.last;
    await Promise.all(this.leaving);
  }

  /** Once nothing waits or is under way. */
  async drained(): Promise<void> {
    await Promise.all([...this.all.map(({ group }) => group.drained()), ...this.leaving]);
  }

  private leave({ group }: Serving): void {
    const gone = group
      .drained()
      .then(() => group.close())
      .finally(() => this.leaving.delete(gone));
    this.leaving.add(gone);
  }

  /** Processes that start later read what was read now, whatever becomes of the file. */
  private async load({ name, path }: NamedFile, given?: Uint8Array): Promise<Serving> {
    const bytes = given ?? (await readDetectorBytes(path));
    const sha256 = hashOf(bytes);
    const file = join(this.settings.folder, `${sha256}.hale`);
    await writeAtomic(file, bytes, 0o600);
    const { workers, threads } = this.settings;
    const group = await Group.open({ file, name: path, workers, threads }, this.events);
    return { name, sha256, loaded: new Date(), group };
  }
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Differs when a file was replaced or written. */
async function lookOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path).catch((cause) => {
    throw new HaleError("FILE_NOT_FOUND", `There is no detector ${path}.`, "Check the path.", { cause });
  });
  return `${ino} ${size} ${mtimeMs}`;
}
