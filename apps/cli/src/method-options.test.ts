/** @file Which of the ways of setting a method's option wins. */
import { Command } from "commander";
import { expect, test } from "vitest";
import { addMethodFlags, methodSettings } from "./method-options.ts";
import { setting, wholeNumber } from "./options.ts";

/** What `hale train` would make of its arguments, with as many options of its own as matter here. */
function settled(...args: string[]) {
  const command = new Command()
    .option("--method <name>", "", "proxyano")
    .option("--preset <name>")
    .option("--set <name=value>", "", setting)
    .option("--size <n>", "", wholeNumber(1), 64)
    .option("--keep <n>", "", wholeNumber(1), 3);
  const flags = addMethodFlags(command);
  command.parse(args, { from: "user" });
  const given = (name: string) => command.getOptionValueSource(name) === "cli";
  return methodSettings(command.opts() as Parameters<typeof methodSettings>[0], flags, given);
}

test("an option is the method's default, unless a preset, a flag or --set says otherwise, the later before the earlier", () => {
  expect(settled()).toMatchObject({ size: 64, options: { width: 16, slots: 100, memory: "shared" } });
  expect(settled("--preset", "medium")).toMatchObject({ size: 128, options: { width: 32, slots: 200 } });
  expect(settled("--preset", "medium", "--width", "8")).toMatchObject({ size: 128, options: { width: 8, slots: 200 } });
  expect(settled("--width", "8", "--set", "width=4").options.width).toBe(4);
  expect(settled("--preset", "paper", "--size", "96").size).toBe(96);
});

test("values are numbers, words and lists, and names become flags", () => {
  const { options } = settled("--patch-source", "other", "--milestones", "[5, 9]", "--learning-rate", "1e-4");
  expect(options).toMatchObject({ patchSource: "other", milestones: [5, 9], learningRate: 1e-4 });
});

test("a name that the command has already stays the command's, and the method's is set by --set", () => {
  expect(settled("--method", "sagan", "--keep", "2").options.keep).toBe(0.95);
  expect(settled("--method", "sagan", "--set", "keep=0.5").options.keep).toBe(0.5);
});

test("another method's option is refused by name", () => {
  expect(() => settled("--method", "sagan", "--proxy", "blur")).toThrow(/--proxy is no option of sagan/);
});
