/** @file The patient in a path, and a pattern that would not end. */
import { expect, test } from "vitest";
import { pathPattern } from "./path-pattern.ts";

test("gives what the group holds, for one path after the other", () => {
  const patient = pathPattern(/(sub-[^/]+)/);
  expect(["a/sub-01/x.nii", "a/b.nii", "sub-02/y.nii"].map(patient)).toEqual(["sub-01", undefined, "sub-02"]);
});

test("a pattern that takes too long is refused without naming the path", () => {
  const path = "a".repeat(60);
  expect(() => pathPattern(/((?:a+)+)!/)(path)).toThrow(
    expect.objectContaining({
      code: "OPTION_INVALID",
      setting: "patientPattern",
      message: expect.not.stringContaining(path),
    }),
  );
});
