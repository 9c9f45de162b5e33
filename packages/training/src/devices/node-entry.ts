/** @file Trains in a process of its own, `node node-entry.ts <cpu|webgpu> <steps>`, and prints the losses as JSON. */
import { openDevice } from "@hale/runtime/node";
import { trainSteps } from "./train-steps.ts";

const [kind, steps] = process.argv.slice(2);
const device = await openDevice({ kind: kind as "cpu" | "webgpu", threads: 1 });
process.stdout.write(`${JSON.stringify(await trainSteps(device, Number(steps)))}\n`);
