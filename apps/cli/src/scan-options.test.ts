import { parseNormalisation, parseSlices } from "@hale/data";
import { Command } from "commander";
import { expect, test } from "vitest";
import { scoreCommand } from "./commands/score.ts";
import { addScanOptions, formatInput } from "./scan-options.ts";

test("settings of scans are said as the flags that ask for them", () => {
  const input = {
    normalisation: parseNormalisation("file"),
    slices: parseSlices("axial"),
    leastForeground: 0.05,
    crop: { margin: 5 },
    square: false,
    unmarked: "normal" as const,
  };
  expect(formatInput(input)).toBe(
    "--normalise file --slices axial --skip-empty 0.05 --crop 5 --no-square --unmarked-normal",
  );
});

test("defaults of scoring are the detector's, and what only training and evaluation heed is not offered", () => {
  const [training, scoring] = [addScanOptions(new Command("train"), "of-training"), scoreCommand()].map((command) =>
    command.helpInformation().replace(/\s+/g, " "),
  );
  expect(training).toContain("(default: by the first scan)");
  expect(training).toContain("--unmarked-normal");
  expect(scoring).toContain("(default: as the detector's card says)");
  expect(scoring).not.toMatch(/by the first scan|--unmarked-normal/);
});
