/** @file Everything between a file and a finding. What needs files or threads. */
export { folderSink } from "./folder.ts";
export { type ObjectOptions, openObjects } from "./objects.ts";
export { openFile } from "./open-file.ts";
export { findTargets } from "./targets.ts";
export { type SentFile, sentTargets } from "./uploads.ts";
