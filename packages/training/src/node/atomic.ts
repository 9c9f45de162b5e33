/** @file Atomic writes; they live in @hale/runtime, where the detector can reach them too. */
export { writeAtomic, writeFault } from "@hale/runtime/node";
