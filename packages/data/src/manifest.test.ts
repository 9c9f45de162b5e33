import { describe, expect, test } from "vitest";
import { formatManifest, parseManifest } from "./manifest.ts";

const HEAD = "path,label,class,split,patient,mask,group";

describe("a manifest", () => {
  test("reads labels, classes, sides, patients, masks and groups", () => {
    const rows = parseManifest(
      `${HEAD}\na.png,0,,train,p1,,g1\nb/c.png,1,glioma,test,,m/c.png,\n"d,e.png",,,train,,,\n`,
      "split.csv",
    );
    expect(rows).toEqual([
      { path: "a.png", label: 0, class: "normal", split: "train", patient: "p1", group: "g1", mask: null },
      { path: "b/c.png", label: 1, class: "glioma", split: "test", patient: null, group: null, mask: "m/c.png" },
      { path: "d,e.png", label: null, class: "", split: "train", patient: null, group: null, mask: null },
    ]);
  });

  test("comes back unchanged when written and read", () => {
    const rows = parseManifest(`${HEAD}\n"a ""b"",c.png",1,x,val,p,m.png,g\n`, "split.csv");
    expect(parseManifest(formatManifest(rows), "again.csv")).toEqual(rows);
  });

  test("needs no more than path and label, in any order, with or without a byte order mark", () => {
    expect(parseManifest("\ufefflabel,path\r\n1,a.png\r\n", "m.csv")[0]).toMatchObject({
      path: "a.png",
      label: 1,
      class: "abnormal",
      split: null,
    });
  });

  test.each([
    ["an unknown column", "path,label,age\na.png,0,7\n", /line 1.*"age"/],
    ["a missing column", "path,class\na.png,x\n", /label is missing/],
    ["a column given twice", "path,label,label\na.png,0,1\n", /twice/],
    ["an unknown label", "path,label\na.png,0\nb.png,2\n", /line 3.*"2"/],
    ["an unknown split", `${HEAD}\na.png,0,,training,,,\n`, /line 2.*"training"/],
    ["a path that climbs out", "path,label\n../a.png,0\n", /line 2.*outside/],
    ["a path that climbs out in the middle", "path,label\nx/../../a.png,0\n", /outside/],
    ["an absolute path", "path,label\n/etc/passwd,0\n", /outside/],
    ["a Windows drive", "path,label\nC:\\a.png,0\n", /outside/],
    ["an empty path", "path,label\n,0\n", /line 2/],
    ["the same image twice", "path,label\na.png,0\n./a.png,1\n", /line 3.*already on line 2/],
    ["too few cells", `${HEAD}\na.png,0\n`, /line 2.*2 cells/],
    ["an open quote", 'path,label\n"a.png,0\n', /proper CSV/],
    ["nothing", "", /empty/],
  ])("is refused with its line for %s", (_, text, message) => {
    expect(() => parseManifest(text, "split.csv")).toThrow(
      expect.objectContaining({ name: "HaleError", code: "DATASET_INVALID", fault: expect.stringMatching(message) }),
    );
  });
});

describe("tables as people have them", () => {
  test("labels in words are those of every other table", () => {
    const text = "path,label\na.png,normal\nb.png,Abnormal\nc.png,unlabelled\nd.png,\n";
    expect(parseManifest(text, "split.csv").map(({ label }) => label)).toEqual([0, 1, null, null]);
    expect(() => parseManifest("path,label\na.png,sick\n", "split.csv")).toThrow(/0 or normal, 1 or abnormal/);
  });

  test.each([
    ["semicolons", "path;label\na.png;1\n", /separated by semicolons.*commas/],
    ["tabs", "path\tlabel\na.png\t1\n", /separated by tabs.*commas/],
    [
      "UTF-16",
      new TextDecoder().decode(new Uint8Array(Uint16Array.from("\ufeffpath,label\n", (c) => c.charCodeAt(0)).buffer)),
      /UTF-16.*CSV UTF-8/,
    ],
  ])("with %s get a hint", (_, text, said) => {
    expect(() => parseManifest(text, "split.csv")).toThrow(said);
  });

  test("a backslash in a name is refused before it is written", () => {
    const [row] = parseManifest("path,label\na.png,1\n", "split.csv");
    expect(() => formatManifest([{ ...row, path: "back\\slash.png" }])).toThrow(/backslash/);
  });
});
