/**
 * @file A pattern that finds the patient in a path, held to a time: repeats inside repeats can take for ever on a path that
 * does not match. V8 ends a search within `node:vm` when its time is over; nothing else there is of use here.
 */
import { createContext, Script } from "node:vm";
import { HaleError } from "@hale/core";

/** Most milliseconds for one path; sound patterns take far less than one. */
const MOST_MILLISECONDS = 1000;

/** What the pattern's group holds of a path; undefined where it does not match. */
export type PathPattern = (path: string) => string | undefined;

/** Throws OPTION_INVALID for a path on which the pattern takes too long. It is not named: it may hold a patient's name. */
export function pathPattern(pattern: RegExp): PathPattern {
  const context = createContext({ pattern, path: "" });
  const script = new Script("pattern.exec(path)?.[1]");
  return (path) => {
    context.path = path;
    try {
      return script.runInContext(context, { timeout: MOST_MILLISECONDS });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
      throw new HaleError(
        "OPTION_INVALID",
        `The pattern for patients takes longer than ${MOST_MILLISECONDS} ms on one of the paths.`,
        "Write it without repeats inside repeats, for example (sub-[^/]+).",
        { cause, setting: "patientPattern" },
      );
    }
  };
}
