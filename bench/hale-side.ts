/**
 * @file Our side of the training-step benchmark: a process of its own, so that its memory is its own. It answers the same
 * lines on stdin as a peer does (see `training-step.ts`).
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { readArrays } from "./arrays.ts";
import type { StepConfig, StepRunner, Turn } from "./step.ts";
import { stepOf } from "./steps/index.ts";

type Request =
  | { command: "load"; config: StepConfig; parameters: string; batches: string }
  | { command: "step"; turn: number }
  | { command: "memory" };

/** The most memory this process has ever held, in MB. */
function peakMemory(): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line![1]) / 1024;
}

let runner: StepRunner | undefined;

async function answer(request: Request): Promise<unknown> {
  if (request.command === "load") {
    const { config } = request;
    const [parameters, batches] = [request.parameters, request.batches].map(readArrays);
    runner = await stepOf(config.method).open(config, parameters, batches);
    return { ok: true };
  }
  if (request.command === "step") {
    const turn: Turn = { ms: {}, losses: {} };
    for (const [name, run] of Object.entries(runner!)) {
      const start = performance.now();
      Object.assign(turn.losses, await run(request.turn));
      turn.ms[name] = performance.now() - start;
    }
    return turn;
  }
  return { mb: peakMemory() };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
