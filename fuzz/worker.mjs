/** @file Starts worker.ts in a thread; plain JavaScript, so that any Node can start it. */
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
