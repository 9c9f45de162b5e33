/**
 * @file Losses on disk while a run goes on: one JSON object a line for programs, and a TensorBoard event file for people.
 * No well-kept library writes event files from JavaScript, so the two record types that TensorBoard needs stand here: the
 * TFRecord framing (length, masked CRC-32C, data, masked CRC-32C) around `Event` messages encoded by protobufjs.
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic, writeFault } from "@hale/core/node";
import crc32c from "crc-32/crc32c.js";
import protobuf from "protobufjs";

const root = protobuf.Root.fromJSON({
  nested: {
    Event: {
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
      },
    },
    Summary: {
      fields: { value: { type: "Value", id: 1, rule: "repeated" } },
      nested: { Value: { fields: { tag: { type: "string", id: 1 }, simpleValue: { type: "float", id: 2 } } } },
    },
  },
});
const eventType = root.lookupType("Event");

/** TensorBoard's checksum: CRC-32C, rotated by 15 bits, plus a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord around one encoded event. */
export function encodeEvent(event: {
  wallTime: number;
  step?: number;
  fileVersion?: string;
  values?: Record<string, number>;
}): Uint8Array {
  const { values, ...rest } = event;
  const summary = values && { value: Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue })) };
  const data = eventType.encode({ ...rest, ...(summary ? { summary } : {}) }).finish();
  const record = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

export interface LossLine {
  iteration: number;
  /** Seconds of training so far, over all parts of an interrupted run. */
  seconds: number;
  [name: string]: number;
}

/** The two logs of a run. Lines are gathered and written by `flush`, so that a step never waits for the disk. */
export class EventLog {
  private lines: LossLine[] = [];

  private constructor(
    private readonly jsonl: string,
    private readonly events: string,
  ) {}

  /** Opens the logs of a run folder. Lines after `iteration` belong to steps that a resumed run does again: they go. */
  static async open(folder: string, iteration: number): Promise<EventLog> {
    const jsonl = join(folder, "losses.jsonl");
    const kept = (await readLosses(folder)).filter((line) => line.iteration <= iteration);
    await writeAtomic(jsonl, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const board = join(folder, "tensorboard");
    const seconds = Math.floor(Date.now() / 1000);
    const events = join(board, `events.out.tfevents.${seconds}.hale.${process.pid}`);
    try {
      await mkdir(board, { recursive: true });
      await appendFile(events, encodeEvent({ wallTime: Date.now() / 1000, fileVersion: "brain.Event:2" }));
    } catch (cause) {
      throw writeFault(events, cause);
    }
    return new EventLog(jsonl, events);
  }

  add(line: LossLine): void {
    this.lines.push(line);
  }

  async flush(): Promise<void> {
    const lines = this.lines;
    this.lines = [];
    if (lines.length === 0) return;
    try {
      await appendFile(this.jsonl, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      const wallTime = Date.now() / 1000;
      const records = lines.map(({ iteration, seconds: _, ...values }) =>
        encodeEvent({ wallTime, step: iteration, values }),
      );
      await appendFile(this.events, Buffer.concat(records));
    } catch (cause) {
      throw writeFault(this.jsonl, cause);
    }
  }
}

/** The losses of a run so far; a last line that a kill cut off is left out. */
export async function readLosses(folder: string): Promise<LossLine[]> {
  const text = await readFile(join(folder, "losses.jsonl"), "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as LossLine] : [];
    } catch {
      return [];
    }
  });
}
