/** @file Everything between a file and a finding, for pages. */
export { fileTarget, type NamedBlob } from "./file-target.ts";
