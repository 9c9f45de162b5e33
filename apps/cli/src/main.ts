#!/usr/bin/env node
/**
 * @file The `hale` command: parses, runs, and turns every error into a sentence and an exit code.
 *
 * 0 done, 1 a fault that the sentence explains, 2 wrong usage, 3 stopped on request after saving.
 */
import { HaleError, VERSION } from "@hale/core";
import { Interrupted } from "@hale/training/node";
import { Command, CommanderError } from "commander";
import { backboneCommand } from "./commands/backbone.ts";
import { dataCommand } from "./commands/data.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { probeCommand } from "./commands/probe.ts";
import { qualityCommand } from "./commands/quality.ts";
import { scoreCommand } from "./commands/score.ts";
import { trainCommand } from "./commands/train.ts";
import { remedyOf, sentencesOf } from "./flags.ts";

const program = new Command("hale")
  .description(
    "Finds what is abnormal in medical images by what it has learnt from normal ones.\nResearch use only. Not for diagnosis.",
  )
  .version(VERSION)
  .showHelpAfterError("(hale --help tells more)")
  .addCommand(demoCommand())
  .addCommand(dataCommand())
  .addCommand(trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(scoreCommand())
  .addCommand(qualityCommand())
  .addCommand(backboneCommand())
  .addCommand(probeCommand())
  .addCommand(doctorCommand())
  .addHelpText(
    "after",
    `
Examples:
  hale demo                                  train on generated phantoms and write a report, in minutes
  hale data check scans/                     count, look for leaks, audit trivial confounds
  hale train scans/ --out runs/first         train SAGAN; ends with runs/first/detector.hale
  hale evaluate runs/first/detector.hale scans/ --report report.html
  hale probe archive/ --json > files.jsonl   what each file is, or why it cannot be read
  hale score runs/first/detector.hale new/*.png --maps maps/ > scores.csv

Exit codes: 0 done, 1 fault, 2 wrong usage, 3 stopped on request after saving.`,
  );

function exitOverride(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitOverride(child);
}
exitOverride(program);

// A reader that has seen enough (`hale score ... | head`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    console.error(`${error.message} Go on with: hale train --resume ${error.folder}`);
    return 3;
  }
  if (error instanceof HaleError) {
    if (process.argv.includes("--json"))
      console.log(JSON.stringify({ error: { code: error.code, fault: error.fault, remedy: remedyOf(error) } }));
    console.error(`hale: ${sentencesOf(error)}`);
    return error.code === "OPTION_INVALID" ? 2 : 1;
  }
  console.error("hale: an unexpected fault; please report it with what follows.");
  console.error(error);
  return 1;
}
