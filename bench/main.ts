/**
 * @file The benchmarks' command line: `npm run bench -- training-step | scoring | ops | conv | accuracy | study | toy | domain`. Tables go to stdout for people; with
 * `--json`, stdout carries one JSON line a configuration or kernel and the commentary goes to stderr.
 */
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { Command, InvalidArgumentError } from "commander";
import { benchAccuracy } from "./accuracy.ts";
import { benchConv } from "./conv.ts";
import { benchDomain } from "./domain.ts";
import { benchOps } from "./ops.ts";
import { benchScoring } from "./scoring.ts";
import { METHODS } from "./steps/index.ts";
import { benchStudy } from "./study.ts";
import { BUDGET, benchToy } from "./toy.ts";
import { benchTrainingStep } from "./training-step.ts";

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return value;
}

function counts(text: string): number[] {
  return text.split(",").map(count);
}

const program = new Command("bench").description("How fast hale trains, against PyTorch and against the machine.");

program
  .command("training-step")
  .description("Our training step and the same step in PyTorch, in turns. The interpreter is $HALE_PYTHON.")
  .requiredOption("--method <name>", METHODS.join(" or "))
  .option("--widths <list>", "channels of the first layer, one configuration each", counts, [16, 32])
  .option("--size <pixels>", "side of the images; the default depends on the method", count)
  .option("--batch <images>", "images a batch; the default depends on the method", count)
  .option("--threads <n>", "threads on both sides", count, 2)
  .option("--pairs <n>", "timed turns of each side", count, 30)
  .option("--compare <n>", "turns whose losses are compared first; the default makes ten iterations", count)
  .option("--seed <n>", "of weights and batches", count, 1)
  .option("--no-compile", "do not try torch.compile")
  .option("--peer-settings <json>", "settings of the peer as it reported them earlier: skips its calibration")
  .option("--json", "one JSON line a configuration", false)
  .action(async (options) => {
    const agree = await benchTrainingStep(options);
    if (!agree) process.exitCode = 1;
  });

program
  .command("scoring")
  .description("hale score against a Python script with onnxruntime and Pillow. The interpreter is $HALE_PYTHON.")
  .option(
    "--data <folder>",
    "a data set with pictures below images/",
    process.env.HALE_DATA && join(process.env.HALE_DATA, "chest-xray"),
  )
  .option("--detector <file>", "a .hale file; without one a small SAGAN is trained first")
  .option("--images <n>", "how many pictures, of one size", count, 1000)
  .option("--threads <n>", "hale's threads", count, 2)
  .option("--rounds <n>", "turns of all sides; medians count", count, 3)
  .option("--busy", "measure on a busy machine too, without a verdict on times", false)
  .option("--json", "one JSON line", false)
  .action(async (options) => {
    if (!options.data) {
      throw new HaleError("OPTION_INVALID", "No data set is named.", "Give --data, or set HALE_DATA to its folder.");
    }
    if (!(await benchScoring(options))) process.exitCode = 1;
  });

program
  .command("ops")
  .description("The engine's main kernels, as GFLOP/s and beside a large matrix product on this machine.")
  .option("--widths <list>", "SAGAN widths whose layers are timed", counts, [16, 32])
  .option("--batch <images>", "images a batch; each is four windows", count, 16)
  .option("--threads <n>", "threads", count, 2)
  .option("--ms <n>", "least time spent on a kernel, in milliseconds", count, 300)
  .option("--only <text>", "kernels whose name contains this")
  .option("--json", "one JSON line a kernel", false)
  .action(benchOps);

program
  .command("conv")
  .description("Every 3x3 convolution of the training steps, directly and by Winograd's products, as GFLOP/s.")
  .option("--widths <list>", "widths of the three methods", counts, [16, 32])
  .option("--rounds <n>", "turns of all forms; the least counts", count, 5)
  .option("--ms <n>", "processor time of a turn, in milliseconds", count, 30)
  .option("--only <text>", "layers whose title contains this")
  .option("--json", "one JSON line a layer", false)
  .action(benchConv);

program
  .command("accuracy")
  .description("One cell of the accuracy study, resumable: trains, evaluates, adds its rows to results/accuracy.csv.")
  .requiredOption("--run <folder>", "where the run is kept; one that is there goes on")
  .option("--data <folder>", "the data set")
  .option("--method <name>", "method", "sagan")
  .option("--set <name=value...>", "options of the method")
  .option("--variant <name>", "what stands in the variant column", "default")
  .option("--seed <n>", "seed", count, 1)
  .option("--size <pixels>", "side of the images", count, 64)
  .option("--colour", "RGB instead of grey")
  .option("--iterations <n>", "training steps", count, 4000)
  .option("--epochs <n>", "instead of iterations: how often every training normal is seen", count)
  .option("--until <n>", "end the cell here although the run could go on", count)
  .option("--every <n>", "steps between selections", count, 250)
  .option("--threads <n>", "threads", count, 1)
  .action(benchAccuracy);

program
  .command("study <name>")
  .description("All cells of a study that have no row in results/ yet: proxyano, hq-anogan.")
  .requiredOption("--data <folder>", "folder that holds the data sets; retinal-oct, brain-mri-clean, ...")
  .requiredOption("--runs <folder>", "where the runs are kept; interrupted cells go on")
  .option("--features <file>", "network that generated images are compared by, a file of hale backbone import")
  .option("--part <i/n>", "every n-th cell, so that n processes share the work", "1/1")
  .option("--threads <n>", "threads", count, 1)
  .action(benchStudy);

program
  .command("toy <method>")
  .description("All of a method together on drawn discs, one seed a call; adds its rows to results/toy.csv: hq-anogan.")
  .option("--seed <n>", "of images, weights and batches", count, 1)
  .option("--threads <n>", "threads", count, 1)
  .option("--generator <n>", "iterations of the generator, a multiple of 200", count, BUDGET.generator)
  .option("--encoder <n>", "iterations of the encoder", count, BUDGET.encoder)
  .action(benchToy);

program
  .command("domain")
  .description("Which images detectors mark as unlike their own: writes results/domain.csv.")
  .requiredOption("--data <folder>", "folder that holds the data sets")
  .option("--sets <list>", "names of data sets, each with a detector", (text) => text.split(","))
  .action(benchDomain);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof HaleError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
