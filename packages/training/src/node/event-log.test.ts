/** @file The logs of a run, read back by the definitions of their formats, and what a disk can do to them. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAtomic } from "@hale/core/node";
import crc32c from "crc-32/crc32c.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeEvent, openEventLog } from "./event-log.ts";
import { readLosses } from "./run-folder.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-log-"));
});
afterEach(() => rm(folder, { recursive: true }));

const line = (iteration: number, loss = iteration / 4) => ({ iteration, seconds: iteration, "critic/loss": loss });
const jsonl = () => readFile(join(folder, "losses.jsonl"), "utf8");

/** CRC-32C bit by bit, from its polynomial. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function masked(bytes: Uint8Array): number {
  const crc = BigInt(slowCrc(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** The data of each TFRecord, after its framing was checked. */
function records(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(masked(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(masked(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

/** The fields of a protobuf message by number, decoded by the wire format alone. */
function fields(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) found.push([key >> 3, varint()]);
    else {
      const length = kind === 1 ? 8 : kind === 5 ? 4 : varint();
      const number = kind === 1 ? view.getFloat64(at, true) : kind === 5 ? view.getFloat32(at, true) : null;
      found.push([key >> 3, number ?? bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return found;
}
const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

describe("a TensorBoard record", () => {
  test("is checked by CRC-32C, whose known value for 123456789 is 0xE3069283", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(slowCrc(digits)).toBe(0xe3069283);
    expect(crc32c.buf(digits) >>> 0).toBe(0xe3069283);
    // RFC 3720, B.4: 32 bytes of zeros.
    expect(slowCrc(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c.buf(new Uint8Array(32)) >>> 0).toBe(0x8a9136aa);
  });

  test("holds time, step and values where Event and Summary have them", () => {
    const step = 3_000_000_000;
    const [data] = records(encodeEvent({ wallTime: 1.5, step, values: { "critic/loss": 0.25, größe: -2 } }));
    const event = fields(data);
    expect(event.map(([field]) => field)).toEqual([1, 2, 5]);
    expect(event[0][1]).toBe(1.5);
    expect(event[1][1]).toBe(step);
    const values = fields(event[2][1] as Uint8Array).map(([field, value]) => {
      expect(field).toBe(1);
      const [[tagField, tag], [valueField, number]] = fields(value as Uint8Array);
      expect([tagField, valueField]).toEqual([1, 2]);
      return [text(tag), number];
    });
    expect(values).toEqual([
      ["critic/loss", 0.25],
      ["größe", -2],
    ]);
  });
});

describe("the logs of a run", () => {
  test("are a JSON object a line, and an event file that begins with its version", async () => {
    const log = await openEventLog(folder, 0);
    log.add(line(1));
    log.add(line(2));
    expect(await jsonl()).toBe("");
    await log.flush();
    await log.flush();
    expect(await jsonl()).toBe(
      '{"iteration":1,"seconds":1,"critic/loss":0.25}\n{"iteration":2,"seconds":2,"critic/loss":0.5}\n',
    );
    const [name] = await readdir(join(folder, "tensorboard"));
    expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
    const [version, ...events] = records(await readFile(join(folder, "tensorboard", name))).map(fields);
    expect(version.map(([field]) => field)).toEqual([1, 3]);
    expect(text(version[1][1])).toBe("brain.Event:2");
    expect(events.map((event) => event[1])).toEqual([
      [2, 1],
      [2, 2],
    ]);
  });

  test("lose, on resuming, the lines after the checkpoint and one that was cut off, and nothing else", async () => {
    const lines = [1, 2, 3, 4].map((iteration) => JSON.stringify(line(iteration)));
    await writeFile(join(folder, "losses.jsonl"), `${lines.join("\n")}\n{"iteration":5,"sec`);
    expect(await readLosses(folder)).toEqual([1, 2, 3, 4].map((iteration) => line(iteration)));
    const log = await openEventLog(folder, 2);
    log.add(line(3, 9));
    await log.flush();
    expect(await readLosses(folder)).toEqual([line(1), line(2), line(3, 9)]);
    expect((await readdir(folder)).sort()).toEqual(["losses.jsonl", "tensorboard"]);
  });

  test.skipIf(process.platform !== "linux")("say that the disk is full when it is", async () => {
    const log = await openEventLog(folder, 0);
    await rm(join(folder, "losses.jsonl"));
    await symlink("/dev/full", join(folder, "losses.jsonl"));
    log.add(line(1));
    await expect(log.flush()).rejects.toMatchObject({
      code: "DISK_FULL",
      fault: expect.stringContaining("losses.jsonl"),
    });
    await rm(join(folder, "losses.jsonl"));
  });

  test.skipIf(process.getuid?.() === 0)("say that a folder cannot be written", async () => {
    await mkdir(join(folder, "locked"), { mode: 0o500 });
    await expect(openEventLog(join(folder, "locked"), 0)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });

  test("say that their place is taken by a file", async () => {
    await writeFile(join(folder, "tensorboard"), "a file");
    await expect(openEventLog(folder, 0)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    await expect(openEventLog(join(folder, "tensorboard"), 0)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });
});

describe("an atomic write", () => {
  test("makes its folders, replaces the old file and leaves no temporary one", async () => {
    const path = join(folder, "a", "b", "c.txt");
    await writeAtomic(path, "old");
    await writeAtomic(path, Uint8Array.of(110, 101, 119));
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(join(folder, "a", "b"))).toEqual(["c.txt"]);
  });

  test("that fails leaves what was there, and no temporary file", async () => {
    await mkdir(join(folder, "taken", "inside"), { recursive: true });
    await writeFile(join(folder, "file"), "kept");
    for (const path of [join(folder, "taken"), join(folder, "file", "below")])
      await expect(writeAtomic(path, "x")).rejects.toMatchObject({
        code: "FILE_UNWRITABLE",
        fault: expect.stringContaining(path),
      });
    expect((await readdir(folder)).sort()).toEqual(["file", "taken"]);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("kept");
  });
});
