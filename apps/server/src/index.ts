/** @file Detectors behind HTTP: everything between settings and a server that listens, and its end. */

export { readToken } from "./guard/token.ts";
export { listen, type Running, type ServeOptions } from "./listen.ts";
export { LIMITS, type Limits, type NamedFile } from "./settings.ts";
