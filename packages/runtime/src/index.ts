/** @file What the other packages see of the runtime; devices are opened by `@hale/runtime/node` or `/web`. */
export * from "./device.ts";
export { type SelfCheck, selfCheck } from "./self-check.ts";
