/** @file The reader that all of a process share: files from strangers are decoded in its thread, never beside the work. */
import type { GuardedReader } from "../reader/guard/guard.ts";
import { openGuardedReader } from "./guarded.ts";

let shared: GuardedReader | null = null;

/** Opened when first asked for; its thread starts with the first file, and does not keep the process alive. */
export function sharedReader(): GuardedReader {
  shared ??= openGuardedReader();
  return shared;
}
