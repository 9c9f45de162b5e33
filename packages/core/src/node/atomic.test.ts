/** @file Files are written whole, under names that nobody can plant a link at. */
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryName, writeAtomic } from "./atomic.ts";
import { writeFault } from "./write-fault.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-atomic-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a link that waits at the name of old is not followed, and stays", async () => {
  const victim = join(folder, "victim");
  await writeFile(victim, "precious");
  const path = join(folder, "out.json");
  await symlink(victim, `${path}.tmp-${process.pid}`);
  await writeAtomic(path, "new");
  expect(await readFile(victim, "utf8")).toBe("precious");
  expect(await readlink(`${path}.tmp-${process.pid}`)).toBe(victim);
  expect(await readFile(path, "utf8")).toBe("new");
});

test("a link at the file itself is replaced, not written through", async () => {
  const victim = join(folder, "victim");
  await writeFile(victim, "precious");
  const path = join(folder, "out.json");
  await symlink(victim, path);
  await writeAtomic(path, "new");
  expect([await readFile(victim, "utf8"), await readFile(path, "utf8")]).toEqual(["precious", "new"]);
});

test("temporary names differ each time, and nothing is left of them", async () => {
  const names = new Set(Array.from({ length: 100 }, () => temporaryName("a")));
  expect(names.size).toBe(100);
  for (const name of names) expect(name).toMatch(/^a\.tmp-\d+$/);
  await mkdir(join(folder, "taken"));
  await expect(writeAtomic(join(folder, "taken"), "x")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  expect(await readdir(folder)).toEqual(["taken"]);
});

test("the same file by many at once is that of one of them", async () => {
  const path = join(folder, "out.json");
  await Promise.all(Array.from({ length: 20 }, (_, i) => writeAtomic(path, String(i).repeat(1000))));
  expect(new Set((await readFile(path, "utf8")).match(/\d{1,2}/g)!.slice(0, 1)).size).toBe(1);
  expect(await readdir(folder)).toEqual(["out.json"]);
});

test("the folder is named that takes nothing new, also where the system only says that the path is missing", () => {
  const cause = Object.assign(new Error("no such file or directory"), { code: "ENOENT" });
  const { code, fault } = writeFault(join(folder, "a", "b", "c.csv"), cause);
  expect([code, fault]).toEqual([
    "FILE_UNWRITABLE",
    `${join(folder, "a", "b", "c.csv")} cannot be written: nothing can be made in ${folder} (ENOENT).`,
  ]);
});
