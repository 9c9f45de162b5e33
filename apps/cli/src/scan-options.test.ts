import { parseNormalisation, parseSlices } from "@hale/data";
import { expect, test } from "vitest";
import { formatInput } from "./scan-options.ts";

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
