/** @file Labels from folders and tables, and refusals that tell nothing about a patient. */
import { HaleError } from "@hale/core";
import { expect, test } from "vitest";
import { commonLabel, keyOf, lineForPath, parseLabels, placeOf } from "./labels.ts";

const label = (path: string, classes: string[] = []) => placeOf(path, classes).label;

test("folders give label, class and split", () => {
  expect(label("normal/a/b.dcm")).toEqual({ label: 0, class: "normal", split: null });
  expect(label("site/train/normal/b.dcm")).toEqual({ label: 0, class: "normal", split: "train" });
  expect(label("unlabelled/b.dcm")).toEqual({ label: null, class: "", split: null });
  expect(label("abnormal/test/glioma/p/b.dcm", ["glioma"])).toEqual({ label: 1, class: "glioma", split: "test" });
  expect(label("test/abnormal/b.dcm")).toEqual({ label: 1, class: "abnormal", split: "test" });
});

test("elsewhere they give none, also where an archive calls a folder test", () => {
  expect(label("a/b.dcm")).toBeNull();
  expect(label("test/b.dcm")).toBeNull();
  expect(label("test/site/normal/b.dcm")).toEqual({ label: 0, class: "normal", split: null });
  expect(label("normal.dcm")).toBeNull();
});

test("a folder below abnormal/ is no class unless it is listed: it may be called like a patient", () => {
  const place = placeOf("abnormal/DOE_JANE/glioma/b.dcm", ["glioma"]);
  expect([place.label?.class, place.unlistedClass]).toEqual(["abnormal", true]);
  expect(placeOf("abnormal/b.dcm", []).unlistedClass).toBe(false);
});

test("two kinds or two splits contradict each other", () => {
  expect(placeOf("normal/abnormal/b.dcm", []).contradicts).toBe(true);
  expect(placeOf("train/normal/test/b.dcm", []).contradicts).toBe(true);
});

test("a mask has the stem of its scan", () => {
  const scan = placeOf("train/abnormal/glioma/p07.nii.gz", ["glioma"]);
  const mask = placeOf("masks/glioma/p07.nii", ["glioma"]);
  expect([scan.stem, mask.stem, mask.mask]).toEqual(["glioma/p07", "glioma/p07", true]);
  expect(placeOf("abnormal/p.07.png", []).stem).toBe("p.07");
});

test("a table is keyed by the finest column that it has", () => {
  const table = parseLabels(
    "\ufeffPatient,Series,Label,Class,Split,Age\nD1,1.2.3,abnormal,cyst,test,44\nD2, 1.2.4 ,0,,,45\nD3,1.2.5,,,,46\n",
  );
  expect([table.key, table.unused]).toEqual(["series", 1]);
  expect([...table.lines]).toEqual([
    ["1.2.3", { label: 1, class: "cyst", split: "test", patient: "D1", line: 2 }],
    ["1.2.4", { label: 0, class: "normal", split: null, patient: "D2", line: 3 }],
    ["1.2.5", { label: null, class: "", split: null, patient: "D3", line: 4 }],
  ]);
});

test("a line for a folder holds for what lies in it, a line for the file before that", () => {
  const { lines } = parseLabels("path,label\n./a\\b,1\na/b/c.dcm,0\n");
  expect(lineForPath(lines, "a/b/c.dcm")?.[1].label).toBe(0);
  expect(lineForPath(lines, "a/b/x/d.dcm")?.[1].label).toBe(1);
  expect(lineForPath(lines, "a/bc/d.dcm")).toBeNull();
  expect(keyOf("path", "./a//b/")).toBe("a/b");
});

test("the same line twice is harmless, another label is refused", () => {
  expect(parseLabels("patient,label\nD1,1\nD1,abnormal\n").lines.size).toBe(1);
  expect(() => parseLabels("patient,label\nD1,1\nD2,0\nD1,0\n")).toThrow(/line 4: it says something else than line 2/);
});

test.each([
  ["an empty file", "", /lacks a column/],
  ["no header", "DOE^JANE,1\n", /lacks a column/],
  ["no label", "patient,class\nDOE^JANE,x\n", /lacks a column/],
  ["a column twice", "patient,label,label\nDOE^JANE,1,1\n", /occurs twice/],
  ["a missing cell", "patient,label\nDOE^JANE\n", /line 2: 1 cells under 2/],
  ["an empty key", "path,patient,label\n,DOE^JANE,1\n", /line 2: the column path is empty/],
  ["an odd label", "patient,label\nDOE^JANE,DOE^JANE\n", /line 2: its label is unknown/],
  ["an odd split", "patient,label,split\nDOE^JANE,1,DOE^JANE\n", /line 2: its split is unknown/],
  ["a stray quote", 'patient,label\n"DOE^JANE"x,1\n', /not proper CSV/],
])("%s is refused, without a word of what it holds", (_, text, sentence) => {
  const refusal = (() => {
    try {
      parseLabels(text);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(HaleError);
  const error = refusal as HaleError;
  expect([error.code, error.message]).toEqual(["DATASET_INVALID", expect.stringMatching(sentence)]);
  expect(error.message).not.toMatch(/DOE|JANE/);
});

test("labels of one scan must agree", () => {
  const one = { label: 1, class: "cyst", split: null } as const;
  expect(commonLabel([null, one, { ...one }])).toEqual(one);
  expect(commonLabel([null, null])).toBeNull();
  expect(commonLabel([one, { ...one, class: "glioma" }])).toBe("conflict");
  expect(commonLabel([one, { label: null, class: "", split: null }])).toBe("conflict");
});
