import { expect, test } from "vitest";
import { HaleError } from "./error.ts";

test("an error says what is wrong and what to do, in that order", () => {
  const error = new HaleError("FILE_NOT_FOUND", "There is no folder scans.", "Check the path.");
  expect(error.message).toBe("There is no folder scans. Check the path.");
  expect(error).toMatchObject({ name: "HaleError", code: "FILE_NOT_FOUND", remedy: "Check the path." });
});
