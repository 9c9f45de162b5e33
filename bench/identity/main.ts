/**
 * @file `npm run identity`: whether a detector says the same in every runtime that hale promises. A table for people; with
 * `--json` one JSON line a runtime and method. Exit code 1 where a difference is more than rounding.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { type Comparison, compare, TOLERANCE } from "./compare.ts";
import { trainDetectors } from "./detectors.ts";
import { nodeCpu } from "./node-cpu.ts";
import { findRuntimes } from "./runtimes.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);

function agrees({ runtime, max_relative_difference, same_decisions }: Comparison): boolean {
  return max_relative_difference <= TOLERANCE[runtime] && same_decisions;
}

function jsonLine({ mapDifference: _, ...row }: Comparison): string {
  return JSON.stringify(row);
}

const COLUMNS = [16, 14, 4, 18, 18];
const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0)).join("  ");
const HEAD = line(["runtime", "method", "n", "score difference", "map difference", "decisions"]);

function tableLine(row: Comparison): string {
  const [score, map] = [row.max_relative_difference, row.mapDifference].map((value) => value.toExponential(1));
  const decisions = row.same_decisions ? "the same" : "DIFFERENT";
  return line([row.runtime, row.method, String(row.n), score, map, decisions]);
}

await new Command("identity")
  .description("Small detectors of all methods, trained here and now, in all runtimes: are their scores the same?")
  .option("--json", "one JSON line a runtime and method", false)
  .option("--method <name...>", "only of these methods")
  .addHelpText("after", "\n$HALE_PYTHON names the Python interpreter that has onnxruntime, numpy and Pillow.")
  .action(async ({ json, method }: { json: boolean; method?: string[] }) => {
    const folder = await mkdtemp(join(tmpdir(), "hale-identity-"));
    try {
      const { found, missing } = findRuntimes();
      const detectors = await trainDetectors(folder, say, method);
      const reference = await nodeCpu.answers(detectors);
      if (!json) console.log(HEAD);
      const show = (rows: readonly Comparison[]) => {
        for (const row of rows) {
          console.log(json ? jsonLine(row) : tableLine(row));
          if (!agrees(row)) process.exitCode = 1;
        }
      };
      show(compare("node-cpu", detectors, reference, reference));
      for (const { name, reason } of missing) say(`skipped: ${name}, since ${reason}`);
      for (const runtime of found) {
        const tell = (done: number) => say(`${runtime.name}: ${done} of ${detectors.length} detectors`);
        show(compare(runtime.name, detectors, await runtime.answers(detectors, tell), reference));
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  })
  .parseAsync();
