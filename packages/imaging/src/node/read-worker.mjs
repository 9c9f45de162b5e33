/**
 * @file Starts read-worker.ts in a thread of its own. Plain JavaScript, so that Node can start it whatever loader the
 * parent has; TypeScript is registered here.
 */
import { register } from "tsx/esm/api";

register();
await import("./read-worker.ts");
