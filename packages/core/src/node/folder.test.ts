/** @file Folders are made level by level, and what cannot be made is refused at once, with the name of what is in the way. */
import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeAtomic } from "./atomic.ts";
import { makeFolder } from "./folder.ts";
import { lockRun } from "./lock.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-folder-"));
});
afterEach(async () => {
  await chmod(root, 0o700);
  await rm(root, { recursive: true });
});

const isRoot = process.getuid?.() === 0;

test("all levels are made, with the rights that were asked for, and once", async () => {
  const path = join(root, "a", "b", "c");
  expect(await makeFolder(path, { mode: 0o700 })).toBe(true);
  for (const level of ["a", "a/b", "a/b/c"]) expect((await stat(join(root, level))).mode & 0o777).toBe(0o700);
  expect(await makeFolder(path)).toBe(false);
  expect(await makeFolder(join(root, "a", "b", "d"))).toBe(true);
  expect(await readdir(join(root, "a", "b"))).toEqual(["c", "d"]);
});

test("by many at once it is made by one of them", async () => {
  const path = join(root, "x", "y", "z");
  const made = await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
  expect(made.filter(Boolean)).toHaveLength(1);
});

test("a link to a folder is one, and what is there already need not take anything new", async () => {
  await symlink(root, join(root, "link"));
  expect(await makeFolder(join(root, "link"))).toBe(false);
  expect(await makeFolder(join(root, "link", "new"))).toBe(true);
  for (const there of ["/", ".", "./"]) expect(await makeFolder(there)).toBe(false);
});

test("below a regular file nothing is made, and the file is named", async () => {
  const file = join(root, "file");
  await writeFile(file, "kept");
  await expect(makeFolder(join(file, "a", "b"))).rejects.toMatchObject({
    code: "FILE_UNWRITABLE",
    fault: `${join(file, "a", "b")} cannot be written: ${file} is not a folder (ENOTDIR).`,
  });
  await expect(makeFolder(file)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  await expect(lockRun(join(file, "run"))).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
});

test.skipIf(isRoot || process.platform === "win32")("below a read-only folder that folder is named", async () => {
  await chmod(root, 0o500);
  await expect(makeFolder(join(root, "a", "b"))).rejects.toMatchObject({
    code: "FILE_UNWRITABLE",
    fault: `${join(root, "a", "b")} cannot be written: nothing can be made in ${root} (EACCES).`,
  });
});

test.runIf(process.platform === "linux")(
  "where the system says that the path is missing it is refused at once",
  async () => {
    const refused = {
      code: "FILE_UNWRITABLE",
      fault: expect.stringContaining("nothing can be made in /proc (ENOENT)"),
    };
    await expect(makeFolder("/proc/hale")).rejects.toMatchObject(refused);
    await expect(makeFolder("/proc/hale/a/b/c")).rejects.toMatchObject(refused);
    await expect(writeAtomic("/proc/hale/a/out.csv", "x")).rejects.toMatchObject({
      ...refused,
      fault: "/proc/hale/a/out.csv cannot be written: nothing can be made in /proc (ENOENT).",
    });
    await expect(lockRun("/proc/hale/run")).rejects.toMatchObject(refused);
  },
);
