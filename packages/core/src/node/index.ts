/** @file What every other package may need: the typed error, random numbers, hashes, the version. What needs files or threads. */
export { writeAtomic, writeFault } from "./atomic.ts";
export { lockRun } from "./lock.ts";
