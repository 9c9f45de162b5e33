/** @file What is the same in Node and in pages; `hale/node` and `hale/web` open detectors. */
export { HaleError, VERSION } from "@hale/core";
