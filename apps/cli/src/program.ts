/**
 * @file The commands by name, and what becomes of a call: an exit code, and a sentence for every error. Only the command
 * that was called is loaded, so that `hale --version` needs none of them and `hale score` no training.
 */
import { HaleError, printableJson, VERSION } from "@hale/core";
import { Command, CommanderError } from "commander";
import { withConfig } from "./config.ts";
import { labelled } from "./json.ts";
import { beQuiet } from "./notes.ts";
import { print, warn } from "./output.ts";
import { wordsOf } from "./words.ts";

/** What `hale --help` says of a command, and how it is loaded. */
interface Entry {
  name: string;
  summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: readonly Entry[] = [
  {
    name: "demo",
    summary: "Draw phantoms, train a small SAGAN on them, evaluate it, write the report",
    load: async () => (await import("./commands/demo.ts")).demoCommand(),
  },
  {
    name: "data",
    summary: "Make data sets and look into them",
    load: async () => (await import("./commands/data.ts")).dataCommand(),
  },
  {
    name: "train",
    summary: "Train a detector; Ctrl-C saves, --resume goes on",
    load: async () => (await import("./commands/train.ts")).trainCommand(),
  },
  {
    name: "evaluate",
    summary: "Evaluate a detector on the test split of a data set",
    load: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  },
  {
    name: "score",
    summary: "Score images with a detector; results go to standard output as they come",
    load: async () => (await import("./commands/score.ts")).scoreCommand(),
  },
  {
    name: "serve",
    summary: "Serve detectors over HTTP: images in, scores out",
    load: async () => (await import("./commands/serve.ts")).serveCommand(),
  },
  {
    name: "show",
    summary: "Tell what a detector knows of itself: method, data, training, threshold",
    load: async () => (await import("./commands/show.ts")).showCommand(),
  },
  {
    name: "quality",
    summary: "Measure the images that a run's generator draws: KID, precision, recall, and whether it copies",
    load: async () => (await import("./commands/quality.ts")).qualityCommand(),
  },
  {
    name: "backbone",
    summary: "Frozen networks that methods look through: import from ONNX, list layers",
    load: async () => (await import("./commands/backbone.ts")).backboneCommand(),
  },
  {
    name: "probe",
    summary: "Tell what image files are: kind, shape, place, values; or why they are refused",
    load: async () => (await import("./commands/probe.ts")).probeCommand(),
  },
  {
    name: "studio",
    summary: "Open the studio: see, score and check images in a page; nothing leaves this machine",
    load: async () => (await import("./commands/studio.ts")).studioCommand(),
  },
  {
    name: "doctor",
    summary: "Tell what runs here: versions, CPU, WebGPU, each with a small self-check",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
  {
    name: "completion",
    summary: "Print a script that completes commands and options in your shell",
    load: async () =>
      (await import("./commands/completion.ts")).completionCommand(() => Promise.all(COMMANDS.map(fully))),
  },
];

/** A command with what every command has. */
async function fully({ load }: Entry): Promise<Command> {
  const command = await load();
  addCommonOptions(command);
  return command;
}

function addCommonOptions(command: Command): void {
  for (const child of command.commands) addCommonOptions(child);
  if (command.commands.length > 0) return;
  command
    .option("--quiet", "no progress and no notes; errors are still said")
    .option("--config <file>", "options from this file instead of hale.config.json, if that is here")
    .hook("preAction", (_, called) => beQuiet(called.opts().quiet === true));
}

const EXAMPLES = `
Examples:
  hale demo                                  train on generated phantoms and write a report, in minutes
  hale data check scans/                     count, look for leaks, audit trivial confounds
  hale train scans/ --out runs/first         train SAGAN; ends with runs/first/detector.hale
  hale evaluate runs/first/detector.hale scans/ --report report.html
  hale probe archive/ --json > files.jsonl   what each file is, or why it cannot be read
  hale score runs/first/detector.hale new/*.png --maps maps/ > scores.csv

Exit codes: 0 done, 1 fault, 2 wrong usage, 3 stopped by Ctrl-C after saving (143 by SIGTERM, 129 by the terminal's end),
137 ended: a detector took too much to load.`;

/** Runs `hale` with these arguments: 0 done, 1 a fault that a sentence explains, 2 wrong usage, 3, 129 or 143 stopped on request. */
export async function run(args: readonly string[]): Promise<number> {
  const before = process.exitCode;
  try {
    process.exitCode = 0;
    beQuiet(false);
    const program = await programFor(args);
    const names = COMMANDS.map(({ name }) => name);
    await program.parseAsync([...withConfig(program, args, names)], { from: "user" });
    // Commands that go on after a fault (an image that cannot be read) say so at their end.
    return Number(process.exitCode);
  } catch (error) {
    return tell(error, args);
  } finally {
    process.exitCode = before;
  }
}

/** The program with the command that is called; the others are there by name only. */
async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command("hale")
    .description(
      "Finds what is abnormal in medical images by what it has learnt from normal ones.\nResearch use only. Not for diagnosis.",
    )
    .version(VERSION)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError("(hale --help tells more)")
    .addHelpText("after", EXAMPLES);
  const [first, second] = args.filter((word) => !word.startsWith("-"));
  const called = first === "help" ? second : first;
  for (const entry of COMMANDS) {
    const { name, summary } = entry;
    program.addCommand(name === called ? await fully(entry) : new Command(name).description(summary));
  }
  exitOverride(program);
  return program;
}

function exitOverride(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitOverride(child);
}

async function tell(error: unknown, args: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof HaleError) {
    const { out, err } = wordsOf(error, args.includes("--json"));
    if (out) print(out.trimEnd());
    warn(err.trimEnd());
    return error.code === "OPTION_INVALID" ? 2 : 1;
  }
  const { Interrupted } = await import("@hale/training/node");
  if (error instanceof Interrupted) {
    const { folder, iteration } = error;
    if (args.includes("--json")) print(printableJson(labelled("stopped", { run: folder, iteration })));
    warn(`${error.message} Go on with: hale train --resume ${folder}`);
    return (await import("./terminal.ts")).stoppedCode();
  }
  warn("hale: an unexpected fault; please report it with what follows.");
  console.error(error);
  return 1;
}
