/** @file What a command writes of a fault: a sentence, and with --json the same for programs. */
import { type HaleError, printable, printableJson } from "@hale/core";
import type { LastWords } from "@hale/core/node";
import { remedyOf, sentencesOf } from "./flags.ts";
import { labelled } from "./json.ts";

/** The lines for standard output and standard error. */
export function wordsOf(error: HaleError, json: boolean): LastWords {
  const { code, fault } = error;
  return {
    out: json ? `${printableJson(labelled("error", { error: { code, fault, remedy: remedyOf(error) } }))}\n` : "",
    err: `hale: ${printable(sentencesOf(error))}\n`,
  };
}
