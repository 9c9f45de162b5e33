/**
 * @file Losses on disk while a run goes on: one JSON object a line for programs (`../run/loss-log.ts`), and a TensorBoard event
 * file for people. No well-kept library writes event files from JavaScript, so the two record types that TensorBoard needs stand here: the
 * TFRecord framing (length, masked CRC-32C, data, masked CRC-32C) around `Event` messages encoded by protobufjs.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeFault } from "@hale/core/node";
import crc32c from "crc-32/crc32c.js";
import protobuf from "protobufjs";
import { type LossLog, openLossLog } from "../run/loss-log.ts";
import { folderFiles } from "./folder-files.ts";

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

/** The two logs of a run's folder; otherwise as `openLossLog`. Throws DISK_FULL or FILE_UNWRITABLE. */
export async function openEventLog(folder: string, iteration: number): Promise<LossLog> {
  const board = join(folder, "tensorboard");
  const events = join(board, `events.out.tfevents.${Math.floor(Date.now() / 1000)}.hale.${process.pid}`);
  const log = await openLossLog(folderFiles(folder), iteration, async (lines) => {
    const wallTime = Date.now() / 1000;
    const records = lines.map(({ iteration, seconds: _, ...values }) =>
      encodeEvent({ wallTime, step: iteration, values }),
    );
    await appendFile(events, Buffer.concat(records)).catch((cause: unknown) => {
      throw writeFault(events, cause);
    });
  });
  try {
    await makeFolder(board, { file: events });
    await appendFile(events, encodeEvent({ wallTime: Date.now() / 1000, fileVersion: "brain.Event:2" }));
  } catch (cause) {
    throw writeFault(events, cause);
  }
  return log;
}
