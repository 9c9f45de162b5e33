/**
 * @file Options from a file: `hale.config.json` in the folder where the user stands, or the file of `--config`. It holds an
 * object of options for each command, and becomes arguments in front of those that were written, which win.
 */
import { existsSync, readFileSync } from "node:fs";
import { HaleError } from "@hale/core";
import type { Command, Option } from "commander";

const FILE = "hale.config.json";

/** The command of these arguments, and where its own arguments begin. */
function calledIn(program: Command, args: readonly string[]): { command: Command; path: string[]; at: number } {
  let [command, at] = [program, 0];
  const path: string[] = [];
  for (; at < args.length; at++) {
    const next = command.commands.find((child) => child.name() === args[at]);
    if (!next) break;
    command = next;
    path.push(args[at]);
  }
  return { command, path, at };
}

/**
 * The arguments with what the file says for their command. `names` are all commands. Throws OPTION_INVALID for a file that is
 * no such object, FILE_NOT_FOUND for a named one that is missing.
 */
export function withConfig(program: Command, args: readonly string[], names: readonly string[]): readonly string[] {
  const { command, path, at } = calledIn(program, args);
  if (path.length === 0 || command.commands.length > 0) return args;
  const named = namedFile(args.slice(at));
  if (named === undefined && !existsSync(FILE)) return args;
  const file = named ?? FILE;
  const config = read(file);
  for (const key of Object.keys(config)) {
    if (!names.includes(key.split(" ")[0])) throw unknown(file, "command", key, names);
  }
  const section = config[path.join(" ")] ?? {};
  if (!isObject(section)) throw invalid(file, `"${path.join(" ")}" must hold an object of options.`);
  // A run that is gone on with has its own settings.
  if (args.includes("--resume") || args.some((word) => word.startsWith("--resume="))) return args;
  const written = (long: string) => args.some((word) => word === long || word.startsWith(`${long}=`));
  const options = command.options.filter(({ long }) => long !== "--config" && long !== "--help");
  const added: string[] = [];
  for (const [key, value] of Object.entries(section)) {
    const found = options.filter((one) => one.attributeName() === key || one.long === `--${key}`);
    const option = found.find(({ negate }) => negate === (value === false)) ?? found[0];
    if (!option)
      throw unknown(
        file,
        "option",
        key,
        options.map((one) => one.attributeName()),
      );
    const rivals = options.filter((other) => conflicts(option, other) || conflicts(other, option));
    if (rivals.some(({ long }) => written(long!))) continue;
    added.push(...argumentsOf(command, option, value, file, key));
  }
  return [...args.slice(0, at), ...added, ...args.slice(at)];
}

const conflicts = (a: Option, b: Option) =>
  ((a as Option & { conflictsWith?: string[] }).conflictsWith ?? []).includes(b.attributeName());

function namedFile(args: readonly string[]): string | undefined {
  const at = args.findIndex((word) => word === "--config" || word.startsWith("--config="));
  if (at < 0) return undefined;
  return args[at].startsWith("--config=") ? args[at].slice("--config=".length) : args[at + 1];
}

function argumentsOf(command: Command, option: Option, value: unknown, file: string, key: string): string[] {
  const long = option.long!;
  if (typeof value === "boolean") {
    if (option.negate) return value ? [] : [long];
    if (option.required) throw invalid(file, `"${key}" takes a value, not ${value}.`);
    if (!value) return [];
    if (!option.optional) return [long];
    // Written as a flag alone it would take the argument after it.
    command.setOptionValueWithSource(option.attributeName(), true, "config");
    return [];
  }
  if (!option.required && !option.optional) throw invalid(file, `"${key}" is true or false.`);
  if (isObject(value)) return Object.entries(value).map(([name, one]) => `${long}=${name}=${text(one)}`);
  return [`${long}=${text(value)}`];
}

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function read(file: string): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new HaleError("FILE_NOT_FOUND", `The config file ${file} cannot be read.`, "Check its path.", { cause });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw invalid(file, `It is no JSON: ${(cause as Error).message}.`);
  }
  if (!isObject(parsed)) throw invalid(file, "It must hold an object with a name of a command for each key.");
  return parsed;
}

function invalid(file: string, fault: string): HaleError {
  const remedy = 'It looks like {"train": {"size": 128, "colour": true}, "data check": {"nearCopies": false}}.';
  return new HaleError("OPTION_INVALID", `${file}: ${fault}`, remedy);
}

function unknown(file: string, kind: string, key: string, known: readonly string[]): HaleError {
  return new HaleError(
    "OPTION_INVALID",
    `${file}: there is no ${kind} ${key}.`,
    `Did you mean ${nearest(key, known)}? --help lists all.`,
  );
}

/** The known word that the fewest changes of letters lead to. */
export function nearest(word: string, known: readonly string[]): string {
  const distances = known.map((other) => distance(word.toLowerCase(), other.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))];
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length];
}
