/**
 * @file The options of methods on the command line: flags and help made from each method's schema, presets, and what the
 * three ways of setting an option come to.
 */
import { HaleError } from "@hale/core";
import { methodNamed, methods, type Preset } from "@hale/methods";
import { type Command, Option } from "commander";
import * as z from "zod";
import { parsedValue } from "./options.ts";

/** An option's name as a flag: `patchSource` is `--patch-source`. */
const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

type Schema = Record<string, { default?: unknown; description?: string }>;

function schemaOf(method: string): Schema {
  const schema = z.toJSONSchema(methodNamed(method).options, { io: "input" }) as { properties?: Schema };
  return schema.properties ?? {};
}

/**
 * Gives a command a flag for every option of every method, but those whose names it has already; these are reached by
 * `--set`. Returns the names of the options that have got one.
 */
export function addMethodFlags(command: Command): string[] {
  const taken = new Set(command.options.map((option) => option.long));
  const names = [...new Set([...methods.keys()].flatMap((method) => Object.keys(schemaOf(method))))];
  const added = names.filter((name) => !taken.has(flagOf(name)));
  for (const name of added) command.addOption(new Option(`${flagOf(name)} <value>`).argParser(parsedValue).hideHelp());
  return added;
}

export interface MethodSettings {
  size: number;
  /** The method's own options, complete. */
  options: Record<string, unknown>;
}

interface Given {
  method: string;
  preset?: string;
  set?: Record<string, unknown>;
  size: number;
}

/**
 * Options of the method: its defaults, then the preset's, then flags, then `--set`. `flags` are the names that
 * `addMethodFlags` gave; `given` tells which options of the command were really written. Throws OPTION_INVALID.
 */
export function methodSettings(
  values: Given & Record<string, unknown>,
  flags: readonly string[],
  given: (name: string) => boolean,
): MethodSettings {
  const method = methodNamed(values.method);
  const preset = values.preset === undefined ? null : presetNamed(values.method, values.preset);
  const own = schemaOf(values.method);
  const written = flags.filter(given);
  const foreign = written.find((name) => !(name in own));
  if (foreign) {
    throw new HaleError(
      "OPTION_INVALID",
      `${flagOf(foreign)} is no option of ${values.method}.`,
      "hale train --help lists the options of every method.",
    );
  }
  const chosen = Object.fromEntries(written.map((name) => [name, values[name]]));
  const parsed = method.options.safeParse({ ...preset?.options, ...chosen, ...values.set });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HaleError(
      "OPTION_INVALID",
      `${faultyFlag(issue.path, written, values.set)}: ${asWords(issue)}.`,
      "hale train --help lists the options.",
    );
  }
  return {
    size: given("size") ? values.size : (preset?.size ?? method.size ?? values.size),
    options: parsed.data as Record<string, unknown>,
  };
}

/** As it was written: by a flag of its own, or by --set. */
function faultyFlag(
  path: readonly PropertyKey[],
  written: readonly string[],
  set: Record<string, unknown> = {},
): string {
  const [name, ...inside] = path.map(String);
  if (name === undefined) return "--set";
  const flag = written.includes(name) && !Object.hasOwn(set, name) ? flagOf(name) : `--set ${name}`;
  return [flag, ...inside].join(" ");
}

function presetNamed(method: string, name: string): Preset {
  const presets = methodNamed(method).presets ?? {};
  if (Object.hasOwn(presets, name)) return presets[name];
  const known = Object.keys(presets);
  throw new HaleError(
    "OPTION_INVALID",
    `${method} has no preset named ${name}.`,
    known.length > 0 ? `Presets: ${known.join(", ")}.` : "It has none; use its options.",
  );
}

/** Options and presets of every method, for `--help`. */
export function methodHelp(): string {
  return [...methods.values()]
    .map((method) => {
      const rows = Object.entries(schemaOf(method.name)).map(([name, entry]) => {
        const start = `${name}=${Array.isArray(entry.default) ? `[${entry.default}]` : entry.default}`;
        return `  --set ${start.padEnd(26)} ${entry.description ?? ""}`;
      });
      const presets = Object.entries(method.presets ?? {}).map(([name, { size, options }]) => {
        const values = Object.entries(options).map(([key, value]) => `${key}=${value}`);
        return `  --preset ${name.padEnd(23)} size ${size}, ${values.join(", ")}`;
      });
      return [`Options of ${method.name} (${method.source}):`, ...rows, ...presets, ""].join("\n");
    })
    .join("\n");
}

/** What an option asks for, without zod's own way of saying it; of a union, what each alternative asks for. */
function asWords(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") return issue.errors.map(([first]) => asWords(first)).join(", or ");
  const least = issue.code === "too_small" && issue.origin !== "string";
  if (least) return `expected ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
  const most = issue.code === "too_big" && issue.origin !== "string";
  if (most) return `expected ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
  return issue.message.replace(/^Invalid (input|option): /, "");
}
