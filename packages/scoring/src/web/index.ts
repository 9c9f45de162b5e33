/** @file Everything between a file and a finding, for pages. */
export { fileTarget, type NamedBlob } from "./file-target.ts";
export { type SourceRow, scoreSources } from "./score-sources.ts";
export { type FoundSources, findSources, type GivenFile, type ImageSource, openSource } from "./sources.ts";
