/** @file What needs files, threads or processes: atomic writing, locks, where the code of a worker is. */
export { writeAtomic } from "./atomic.ts";
export { makeFolder } from "./folder.ts";
export { lockRun } from "./lock.ts";
export { sourceOptions, type ThreadScript, threadScript } from "./thread.ts";
export { type LastWords, type WatchLimits, watched } from "./watch.ts";
export { writeFault } from "./write-fault.ts";
