/** @file The key's file: made for its owner alone, kept, and refused where it could be handed on. */
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultKeyFile, readKey, sourcesFileOf } from "./key.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-key-"));
});
afterEach(() => rm(root, { recursive: true }));

const refused = (code: string) => expect.objectContaining({ name: "HaleError", code });

test("is made where it is missing, readable by its owner alone, and read again", async () => {
  const file = join(root, "config", "hale", "pseudonym.key");
  const made = await readKey(file, [join(root, "set")]);
  expect([made.made, made.bytes.length, made.warnings]).toEqual([true, 32, []]);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
  const again = await readKey(file, [join(root, "set")]);
  expect([again.made, again.bytes]).toEqual([false, Uint8Array.from(made.bytes)]);
  const other = await readKey(join(root, "other.key"), []);
  expect(other.bytes).not.toEqual(made.bytes);
});

test("a dry run leaves no key behind", async () => {
  const file = join(root, "a", "k.key");
  expect((await readKey(file, [], false)).bytes).toHaveLength(32);
  await expect(stat(file)).rejects.toThrow();
  await expect(stat(join(root, "a"))).rejects.toThrow();
});

test("inside the data set it is refused, also by way of a link", async () => {
  const set = join(root, "set");
  await expect(readKey(join(set, "k.key"), [set])).rejects.toEqual(refused("OPTION_INVALID"));
  await expect(readKey(join(set, "deep", "er", "k.key"), [set])).rejects.toEqual(refused("OPTION_INVALID"));
  await expect(readKey(set, [set])).rejects.toEqual(refused("OPTION_INVALID"));
  await mkdir(set);
  await symlink(set, join(root, "link"));
  await expect(readKey(join(root, "link", "k.key"), [set])).rejects.toEqual(refused("OPTION_INVALID"));
  await expect(readKey(join(set, "k.key"), [join(root, "link")])).rejects.toEqual(refused("OPTION_INVALID"));
  await readKey(join(root, "set-of-keys", "k.key"), [set]);
});

test("too short, or no key at all, is refused", async () => {
  const file = join(root, "k.key");
  for (const text of [
    "",
    "ab".repeat(31),
    `${"ab".repeat(32)}a`,
    "Hello, I am a key of some length, am I not? Yes, I am",
  ]) {
    await writeFile(file, text);
    await expect(readKey(file, []), JSON.stringify(text)).rejects.toEqual(refused("OPTION_INVALID"));
  }
  await writeFile(file, `${"AB".repeat(32)}\r\n`);
  expect((await readKey(file, [])).bytes).toEqual(new Uint8Array(32).fill(0xab));
  await expect(readKey(root, [])).rejects.toEqual(refused("FILE_UNREADABLE"));
});

test.skipIf(process.platform === "win32")("one that others may read is used with a warning", async () => {
  const file = join(root, "k.key");
  await writeFile(file, "ab".repeat(32));
  await chmod(file, 0o640);
  expect((await readKey(file, [])).warnings.join()).toMatch(/can be read by others.*chmod 600/);
  await chmod(file, 0o600);
  expect((await readKey(file, [])).warnings).toEqual([]);
  expect(await readFile(file, "utf8")).toBe("ab".repeat(32));
});

test("lies in the user's configuration folder, and the table of sources beside it", () => {
  expect(defaultKeyFile({ XDG_CONFIG_HOME: "/conf" })).toBe(join("/conf", "hale", "pseudonym.key"));
  expect(defaultKeyFile({ XDG_CONFIG_HOME: "relative" })).toMatch(/\.config.hale.pseudonym\.key$/);
  expect(defaultKeyFile({})).toMatch(/\.config.hale.pseudonym\.key$/);
  expect(sourcesFileOf("/conf/hale/pseudonym.key")).toBe(join("/conf", "hale", "pseudonym.sources.csv"));
});
