/**
 * @file The key that pseudonyms are made with: a small text file that never lies in a data set. Who has it and a list of
 * patients can tell who is who, so it is made for its owner alone, and refused where it could be handed on by accident.
 */
import { randomBytes } from "node:crypto";
import { chmod, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { HaleError } from "@hale/core";
import { makeFolder, writeFault } from "@hale/core/node";
import { KEY_BYTES } from "../../pseudonym.ts";

/** Where the key is when none is named: `$XDG_CONFIG_HOME/hale/pseudonym.key`, by default below `~/.config`. */
export function defaultKeyFile(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = environment.XDG_CONFIG_HOME;
  // The base directory specification: a relative path there is to be ignored.
  const folder = given?.startsWith("/") ? given : join(homedir(), ".config");
  return join(folder, "hale", "pseudonym.key");
}

/** The table from tokens back to source files, beside the key: `pseudonym.sources.csv` for `pseudonym.key`. */
export function sourcesFileOf(keyFile: string): string {
  return join(dirname(keyFile), `${basename(keyFile).replace(/\.[^.]*$/, "")}.sources.csv`);
}

export interface Key {
  bytes: Uint8Array;
  /** It was made just now. */
  made: boolean;
  /** Sentences for the user. */
  warnings: string[];
}

/**
 * Reads the key, or makes it with 32 random bytes, readable by its owner alone. `folders` are those that it may not lie
 * in: it would be handed on with them. With `make` false (a dry run) a missing key is made up and not written. Throws
 * OPTION_INVALID for a key inside such a folder, too short or not hexadecimal; FILE_UNREADABLE; FILE_UNWRITABLE.
 */
export async function readKey(file: string, folders: readonly string[], make = true): Promise<Key> {
  const place = await realPlace(file);
  for (const folder of folders) {
    const inside = await realPlace(folder);
    if (place === inside || place.startsWith(inside.endsWith(sep) ? inside : inside + sep)) {
      throw new HaleError(
        "OPTION_INVALID",
        `The key ${basename(file)} would lie inside the data set, and go wherever that goes.`,
        "Name a file outside of it.",
        { setting: "key" },
      );
    }
  }
  const found = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw new HaleError("FILE_UNREADABLE", `The key ${file} cannot be read.`, "Check its permissions.", { cause });
  });
  if (found === null) return { bytes: await makeKey(file, make), made: make, warnings: [] };
  return { bytes: parseKey(found, file), made: false, warnings: await openness(file) };
}

async function makeKey(file: string, write: boolean): Promise<Uint8Array> {
  const bytes = randomBytes(KEY_BYTES);
  if (!write) return bytes;
  try {
    await makeFolder(dirname(file), { mode: 0o700, file });
    // "wx": of two imports that both make the key, the second fails instead of losing the first one's.
    await writeFile(file, `${bytes.toString("hex")}\n`, { flag: "wx", mode: 0o600 });
    // A umask may have taken the owner's own rights away.
    await chmod(file, 0o600);
  } catch (cause) {
    throw writeFault(file, cause);
  }
  return bytes;
}

function parseKey(text: string, file: string): Uint8Array {
  const digits = text.trim();
  if (!/^[0-9a-f]*$/i.test(digits) || digits.length % 2 !== 0) {
    throw new HaleError(
      "OPTION_INVALID",
      `The key ${file} is not written in hexadecimal digits.`,
      "Name the file that hale made, or a new name: hale then makes a key.",
    );
  }
  if (digits.length < 2 * KEY_BYTES) {
    throw new HaleError(
      "OPTION_INVALID",
      `The key ${file} has ${digits.length / 2} bytes, and ${KEY_BYTES} are needed.`,
      "Name the file that hale made, or a new name: hale then makes a key.",
    );
  }
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

async function openness(file: string): Promise<string[]> {
  // Windows reports rights that mean nothing there.
  if (process.platform === "win32") return [];
  const { mode } = await stat(file);
  return (mode & 0o077) === 0
    ? []
    : [`The key ${file} can be read by others on this machine. Take their rights away: chmod 600 ${file}`];
}

/** The path with all links of what exists already followed. */
async function realPlace(path: string): Promise<string> {
  const whole = resolve(path);
  const real = await realpath(whole).catch(() => null);
  if (real !== null) return real;
  const parent = dirname(whole);
  return parent === whole ? whole : join(await realPlace(parent), basename(whole));
}
