/** @file What one request or job wants scored, and how far it is. */
import { HaleError } from "@hale/core";
import type { Row } from "@hale/scoring";
import type { SentFile } from "@hale/scoring/node";
import type { FromWorker, Include, Told } from "./protocol.ts";
import { isCardsOwn, type Way } from "./way.ts";

export interface Asked {
  files: readonly SentFile[];
  include: readonly Include[];
  /** How scans become images, where not as the card says. */
  way: Way;
  /** Folder for the files that are made; null where none are asked for. */
  out: string | null;
  /** Somebody waits for it: it goes before jobs. */
  urgent: boolean;
  /** Milliseconds without a new row after which the process that works at it is ended. */
  patience: number;
  /** Called after each row, and once the number of targets is known. */
  onProgress?: (done: number, total: number | null) => void;
}

export interface Scored {
  rows: Row[];
  notes: string[];
  /** Names of the files in `out`. */
  outputs: string[];
}

let last = 0;

export class Task {
  readonly id = ++last;
  readonly rows: Row[] = [];
  readonly notes: string[] = [];
  private readonly outputs = new Set<string>();
  /** The targets, as rows call them; null until they are known. */
  targets: readonly string[] | null = null;
  /** A process ended while it worked at it: from now on alone, and one target after the other. */
  careful = false;
  settled = false;
  readonly result: Promise<Scored>;
  private accept!: (result: Scored) => void;
  private refuse!: (error: unknown) => void;

  constructor(readonly asked: Asked) {
    this.result = new Promise((resolve, reject) => {
      this.accept = resolve;
      this.refuse = reject;
    });
    // Whoever asked may be gone.
    this.result.catch(() => {});
  }

  /** What a process says of it. */
  hear(message: Extract<FromWorker, { id: number }>): void {
    switch (message.kind) {
      case "began":
        this.targets = message.files;
        this.progress();
        break;
      case "row":
        this.add(message.row, message.outputs);
        break;
      case "note":
        this.notes.push(message.sentence);
        break;
      case "done":
        this.done();
        break;
      case "failed":
        this.fail(message.error ? errorOf(message.error) : new Error("A process met a defect of ours."));
    }
  }

  /** Whether it may go through the network together with others. */
  get joins(): boolean {
    const { urgent, out, way } = this.asked;
    return urgent && out === null && isCardsOwn(way) && !this.careful;
  }

  add(row: Row, outputs: readonly string[] = []): void {
    this.rows.push(row);
    for (const name of outputs) this.outputs.add(name);
    this.progress();
  }

  private progress(): void {
    this.asked.onProgress?.(this.rows.length, this.targets?.length ?? null);
  }

  done(): void {
    if (this.settled) return;
    this.settled = true;
    this.accept({ rows: this.rows, notes: this.notes, outputs: [...this.outputs] });
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.refuse(error);
  }
}

const errorOf = ({ code, fault, remedy, setting }: Told) => new HaleError(code, fault, remedy, { setting });
