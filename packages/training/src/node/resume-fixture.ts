/**
 * @file A process that trains and, if asked, kills itself at an exact moment of writing a file, or waits to be killed
 * after a step; run by resume.test.ts. Arguments: the run's folder, and as JSON its settings and the moment or null.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { RunSettings } from "./train.ts";

/** Before this call on a file whose path ends so; `open` first leaves half a temporary file. */
export interface FatalMoment {
  call: "open" | "rename" | "rm";
  path: string;
}

const [folder, settings, json] = process.argv.slice(2);
const moment = JSON.parse(json) as FatalMoment | { call: "step"; iteration: number } | null;
if (moment && moment.call !== "step") dieAt(moment);

// Imported only now, so that all of its file calls are the ones below.
const { runTraining } = await import("./train.ts");
await runTraining(folder, JSON.parse(settings) as RunSettings, {
  onStep: ({ iteration }) => {
    process.send?.({ iteration });
    if (moment?.call === "step" && moment.iteration === iteration)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
process.disconnect?.();

function dieAt({ call, path }: FatalMoment): void {
  const original = fs.promises[call] as (...given: unknown[]) => Promise<unknown>;
  const patched = (...given: unknown[]) => {
    const target = String(call === "rename" ? given[1] : given[0]).replace(/\.tmp-\d+$/, "");
    if (target.endsWith(path)) {
      if (call === "open") fs.writeFileSync(String(given[0]), "half a fi");
      process.kill(process.pid, "SIGKILL");
    }
    return original(...given);
  };
  Object.assign(fs.promises, { [call]: patched });
  syncBuiltinESMExports();
}
