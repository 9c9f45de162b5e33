/** @file Notes to people on standard error, which `--quiet` silences. Errors are no notes. */

import { warn } from "./output.ts";

let silent = false;

/** From now on, whether progress and notes are left out. */
export function beQuiet(quiet: boolean): void {
  silent = quiet;
}

export const isQuiet = (): boolean => silent;

/** A line for people. */
export function note(line: string): void {
  if (!silent) warn(line);
}
