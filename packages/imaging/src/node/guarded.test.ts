/** @file A worker that reads files, and what it costs when a file is too much for it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { zlibSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { assemble, chunk, header, makePng } from "../formats/png/png-fixture.ts";
import type { GuardedReader } from "../reader/guard/guard.ts";
import { readImageFile } from "../reader/read.ts";
import { readSibling } from "./bytes.ts";
import { guardThread, openGuardedReader } from "./guarded.ts";

const folder = await mkdtemp(join(tmpdir(), "hale-guard-"));
const open: GuardedReader[] = [];
const kept = (reader: GuardedReader) => {
  open.push(reader);
  return reader;
};
afterAll(async () => {
  for (const reader of open) reader.close();
  await rm(folder, { recursive: true });
});

const png = makePng(
  { width: 9, height: 7, depth: 16, colour: 0 },
  Array.from({ length: 63 }, (_, i) => i * 1000),
);

describe("the worker that reads", () => {
  const reader = kept(openGuardedReader());

  test("gives what reading here gives, from bytes and from a path", async () => {
    const here = await readImageFile(png, "a.png");
    expect(await reader.read({ bytes: png }, "a.png")).toEqual(here);
    const path = join(folder, "a.png");
    await writeFile(path, png);
    expect(await reader.read({ path }, "a.png")).toEqual(here);
    expect(png.length).toBeGreaterThan(0);
  });

  test("takes the bytes over where they are given away", async () => {
    const mine = png.slice();
    await reader.read({ bytes: mine }, "a.png", true);
    expect(mine.length).toBe(0);
  });

  test("says a file in a line: shape, least, greatest, mean, and the hash of little-endian values", async () => {
    const summary = await reader.summarise({ bytes: png }, "a.png");
    const values = Uint16Array.from({ length: 63 }, (_, i) => i * 1000);
    const digest = await crypto.subtle.digest("SHA-256", values);
    expect(summary).toEqual({
      kind: "png",
      shape: [7, 9],
      spacing: null,
      orientation: null,
      photometric: null,
      transferSyntax: null,
      modality: null,
      series: null,
      min: 0,
      max: 62000,
      mean: 31000,
      sha256: Buffer.from(digest).toString("hex"),
      scaled: null,
    });
  });

  test("refuses as reading here does, with the same words", async () => {
    for (const bytes of [new Uint8Array(0), png.subarray(0, 40), Uint8Array.of(1, 2, 3)]) {
      const here = await readImageFile(bytes, "b.png").catch((error: HaleError) => error);
      const there = await reader.read({ bytes }, "b.png").catch((error: HaleError) => error);
      expect(there).toBeInstanceOf(HaleError);
      expect(there).toMatchObject({ code: (here as HaleError).code, message: (here as HaleError).message });
    }
    await expect(reader.read({ path: join(folder, "none") }, "none")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(reader.read({ path: folder }, "folder")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("reads many files asked for at once, each its own", async () => {
    const answers = await Promise.all(
      [1, 2, 3, 4].map((side) =>
        reader.read({ bytes: makePng({ width: side, height: 1, depth: 8, colour: 0 }, Array(side).fill(side)) }, "p"),
      ),
    );
    expect(answers.map(({ stored }) => [...stored])).toEqual([[1], [2, 2], [3, 3, 3], [4, 4, 4, 4]]);
  });

  test("is ended by a file that takes longer than its time, and the next file is read", async () => {
    const side = 4000;
    const large = makePngOf(side);
    const hasty = kept(openGuardedReader({ milliseconds: 20 }));
    await expect(hasty.read({ bytes: large }, "large.png")).rejects.toMatchObject({
      code: "IMAGE_TOO_SLOW",
      message: expect.stringContaining("large.png"),
    });
    const patient = kept(openGuardedReader({ milliseconds: 60_000 }));
    expect((await patient.read({ bytes: large }, "large.png")).shape).toEqual([side, side]);
  });
});

/** A large grey PNG, made quickly. */
function makePngOf(side: number): Uint8Array {
  const rows = zlibSync(new Uint8Array(side * (side + 1)), { level: 1 });
  return assemble([header({ width: side, height: side, depth: 8, colour: 0 }), chunk("IDAT", rows), chunk("IEND", [])]);
}

describe("a reader that does not come back", () => {
  const script = { url: new URL("./worker-fixture.mjs", import.meta.url), execArgv: [] };
  const limits = { milliseconds: 300, memoryBytes: 128 * 2 ** 20 };

  test.each([
    ["endless", "IMAGE_TOO_SLOW"],
    ["endless in Wasm", "IMAGE_TOO_SLOW"],
    ["buffers", "IMAGE_TOO_LARGE"],
    ["crash", "IMAGE_CORRUPT"],
    ["exit", "IMAGE_CORRUPT"],
    ["defect", "IMAGE_CORRUPT"],
  ])("%s: the file is refused (%s), and the next one is read", async (name, code) => {
    const reader = kept(guardThread(script, name === "buffers" ? { ...limits, milliseconds: 30_000 } : limits));
    const refusal = reader.summarise({ bytes: png }, name);
    const next = reader.summarise({ bytes: png }, "sound");
    await expect(refusal).rejects.toMatchObject({ name: "HaleError", code, message: expect.stringContaining(name) });
    expect(await next).toEqual({ kind: "png" });
  });

  test("a heap that is full is too large", async () => {
    const reader = kept(guardThread(script, { milliseconds: 120_000 }, 32));
    await expect(reader.summarise({ bytes: png }, "heap")).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect(await reader.summarise({ bytes: png }, "sound")).toEqual({ kind: "png" });
  });

  test("closing refuses what is under way, and what comes after", async () => {
    const reader = guardThread(script);
    const pending = reader.summarise({ bytes: png }, "endless");
    setTimeout(() => reader.close(), 200);
    await expect(pending).rejects.toMatchObject({ name: "HaleError" });
    await expect(reader.summarise({ bytes: png }, "sound")).rejects.toMatchObject({ name: "HaleError" });
  });
});

test("a file beside another is found by its bare name only", async () => {
  const path = join(folder, "head.hdr");
  await writeFile(join(folder, "head.img"), "pixels");
  expect(Buffer.from((await readSibling(path, "head.img"))!).toString()).toBe("pixels");
  for (const name of ["none", "", ".", "..", "../head.img", join(folder, "head.img"), "a\\b", "head.img\0"])
    expect(await readSibling(path, name)).toBeNull();
});
