import { HaleError } from "@hale/core";
import { expect, test } from "vitest";
import { remedyOf, sentencesOf } from "./flags.ts";

test("an error that names a setting says which flag sets it, and others stay as they are", () => {
  const named = new HaleError("DETECTOR_MISMATCH", "It is a scan.", "Say how it is windowed.", {
    setting: "normalisation",
  });
  expect(sentencesOf(named)).toBe(
    "It is a scan. Say how it is windowed. The flag is --normalise, for example --normalise file.",
  );
  expect(remedyOf(named)).toMatch(/^Say how it is windowed\. .*--normalise/);
  const other = new HaleError("FILE_NOT_FOUND", "There is no file.", "Check the path.");
  expect([sentencesOf(other), remedyOf(other)]).toEqual(["There is no file. Check the path.", "Check the path."]);
});

test("what a run lacks is said with the flag that gives it", () => {
  const remedies = ["data", "iterations", "resume", "out", "backbone"].map((name) =>
    remedyOf(new HaleError("OPTION_INVALID", "It cannot be.", "Give it.", { setting: name })),
  );
  expect(remedies).toEqual([
    "Give it. The flag is --data.",
    "Give it. The flag is --iterations.",
    "Give it. hale train --resume goes on with it.",
    "Give it. The flag is --out.",
    "Give it. hale backbone import does it.",
  ]);
});
