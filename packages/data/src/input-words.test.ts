import { formatNormalisation, formatSlices } from "@hale/imaging";
import { expect, test } from "vitest";
import { parseNormalisation, parseSlices } from "./input-words.ts";

const refused = expect.objectContaining({ code: "OPTION_INVALID" });

test("slices are an axis, and a range of shares or numbers", () => {
  expect(parseSlices("axial")).toEqual({ axis: "axial", unit: "share", from: 0, to: 1 });
  expect(parseSlices("coronal:0.2-0.8")).toEqual({ axis: "coronal", unit: "share", from: 0.2, to: 0.8 });
  expect(parseSlices("stored:0-1")).toEqual({ axis: "stored", unit: "index", from: 0, to: 1 });
  expect(parseSlices("sagittal:42")).toEqual({ axis: "sagittal", unit: "index", from: 42, to: 42 });
  for (const text of [
    "",
    "top",
    "axial:",
    "axial:3-1",
    "axial:0.5-2",
    "axial:1-2-3",
    "axial:a-b",
    "axial:1:2",
    "axial:-3",
  ]) {
    expect(() => parseSlices(text), text).toThrow(refused);
  }
});

test("normalisations are a kind and its numbers", () => {
  expect(parseNormalisation("file")).toEqual({ kind: "file" });
  expect(parseNormalisation("window:-600,1500")).toEqual({ kind: "window", center: -600, width: 1500 });
  const percentile = { kind: "percentile", low: 0.5, high: 99.5, per: "volume", foreground: false };
  expect(parseNormalisation("percentile:0.5-99.5")).toEqual(percentile);
  expect(parseNormalisation("percentile:1-99/slice/foreground")).toEqual({
    ...percentile,
    ...{ low: 1, high: 99, per: "slice", foreground: true },
  });
  for (const text of [
    "",
    "windows",
    "window:40",
    "window:40,0",
    "window:40,,",
    "percentile:9-1",
    "percentile:1-2/x",
    "file:1",
  ]) {
    expect(() => parseNormalisation(text), text).toThrow(refused);
  }
});

test("what is written is read as the same", () => {
  for (const text of ["axial", "axial:0.2-0.8", "stored:0-1", "coronal:0.5-1.0", "coronal:3-3"]) {
    expect(formatSlices(parseSlices(text))).toBe(text);
  }
  for (const text of [
    "full-scale",
    "file",
    "window:40,400",
    "percentile:0.5-99.5/volume",
    "percentile:1-99/slice/foreground",
  ]) {
    expect(formatNormalisation(parseNormalisation(text))).toBe(text);
  }
});
