import { expect, test } from "vitest";
import {
  concernsOneImage,
  type ErrorCode,
  HaleError,
  isNotAllowed,
  isRefusalOfBytes,
  isUnreadableImage,
} from "./error.ts";

test("an error says what is wrong and what to do, in that order", () => {
  const error = new HaleError("FILE_NOT_FOUND", "There is no folder scans.", "Check the path.");
  expect(error.message).toBe("There is no folder scans. Check the path.");
  expect(error).toMatchObject({ name: "HaleError", code: "FILE_NOT_FOUND", remedy: "Check the path." });
});

test("an error names its setting, and keeps its cause", () => {
  const cause = new Error("inner");
  const error = new HaleError("OPTION_INVALID", "No window.", "Give one.", { setting: "normalisation", cause });
  expect([error.setting, error.cause, error.message]).toEqual(["normalisation", cause, "No window. Give one."]);
  expect(new HaleError("OPTION_INVALID", "No window.", "Give one.").setting).toBeUndefined();
});

test("what concerns one image is no fault of disks, devices, data sets or detectors' files", () => {
  const of = (code: ErrorCode) => new HaleError(code, "", "");
  const one: ErrorCode[] = ["IMAGE_TOO_SLOW", "FILE_NOT_FOUND", "SHAPE_MISMATCH", "NUMERIC_FAILURE"];
  expect(one.filter((code) => concernsOneImage(of(code)))).toEqual(one);
  const all: ErrorCode[] = ["FILE_UNWRITABLE", "DISK_FULL", "DEVICE_UNAVAILABLE", "DETECTOR_CORRUPT", "OPTION_INVALID"];
  expect(all.filter((code) => concernsOneImage(of(code)))).toEqual([]);
  expect(one.map((code) => isUnreadableImage(of(code)))).toEqual([true, true, false, false]);
  expect([isNotAllowed(of("OPTION_INVALID")), isNotAllowed(of("NUMERIC_FAILURE"))]).toEqual([true, false]);
  expect([isRefusalOfBytes(of("DETECTOR_CORRUPT")), isRefusalOfBytes(of("IMAGE_TOO_SLOW"))]).toEqual([true, false]);
  expect(concernsOneImage(new TypeError("ours"))).toBe(false);
});
