/** @file Options from a config file, and how a wrong one is refused. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectRefused, runHale } from "./cli-fixture.ts";
import { nearest, withConfig } from "./config.ts";
import { wholeNumber } from "./options.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The options that a command is left with. */
async function optionsOf(config: object, args: string[]): Promise<Record<string, unknown>> {
  const file = join(folder, "any.json");
  await writeFile(file, JSON.stringify(config));
  let seen: Record<string, unknown> = {};
  const train = new Command("train")
    .argument("[data]")
    .option("--size <n>", "", wholeNumber(1), 64)
    .option("--colour")
    .option("--crop [mm]", "", Number)
    .option("--no-square")
    .option("--iterations <n>", "", Number, 4000)
    .addOption(new Option("--epochs <n>").argParser(Number).conflicts("iterations"))
    .option("--config <file>")
    .action((data, options) => {
      seen = { data, ...options };
    });
  const program = new Command("hale").addCommand(train).exitOverride();
  await program.parseAsync([...withConfig(program, [...args, "--config", file], ["train", "score"])], { from: "user" });
  return seen;
}

test("options of the file hold, those that were written win, and an option takes no argument from after it", async () => {
  const config = { train: { size: 32, colour: true, square: false, crop: true }, score: {} };
  expect(await optionsOf(config, ["train", "data"])).toMatchObject({
    ...{ data: "data", size: 32, colour: true, square: false, crop: true },
  });
  expect(await optionsOf(config, ["train", "data", "--size", "16"])).toMatchObject({ size: 16, colour: true });
});

test("what was written puts its rivals in the file out of force", async () => {
  expect(await optionsOf({ train: { iterations: 5 } }, ["train", "d", "--epochs", "2"])).toMatchObject({ epochs: 2 });
});

test("values are checked as those of the command line are", async () => {
  await writeFile(join(folder, "hale.config.json"), JSON.stringify({ probe: { timeout: "soon" } }));
  const { code, err } = await runHale(folder, ["probe", "x.png"]);
  expect([code, err]).toEqual([2, expect.stringMatching(/--timeout.*whole number/)]);
});

test.each([
  [{ probe: { timeot: 5 } }, /no option timeot.*Did you mean timeout\?/],
  [{ prob: {} }, /no command prob\..*Did you mean probe\?/],
  [{ probe: 3 }, /must hold an object of options/],
  [{ probe: { timeout: true } }, /takes a value/],
  [{ probe: { json: "yes" } }, /true or false/],
  [[1], /object with a name of a command/],
])("%j is refused", async (config, sentence) => {
  await writeFile(join(folder, "hale.config.json"), JSON.stringify(config));
  expectRefused(await runHale(folder, ["probe", "x.png"]), 2, sentence);
});

test("a file that is named and missing is refused; damaged JSON too", async () => {
  await rm(join(folder, "hale.config.json"));
  expectRefused(await runHale(folder, ["probe", "x.png", "--config", "gone.json"]), 1, /gone\.json cannot be read/);
  await writeFile(join(folder, "bad.json"), "{");
  expectRefused(await runHale(folder, ["probe", "x.png", "--config=bad.json"]), 2, /no JSON/);
});

test("the nearest word is that of the fewest changes", () => {
  expect(nearest("iteratoins", ["seed", "iterations", "epochs"])).toBe("iterations");
});
