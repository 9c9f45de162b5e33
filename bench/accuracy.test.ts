/** @file Tables of the accuracy study: rows replaced, columns added, the pool's share. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mergeRows, poolShare } from "./accuracy.ts";

test("rows are replaced by their first six fields, and lines from before a column was added get it empty", () => {
  const old = 'd,m,v,s,e,size,auroc,command\noct,knn,,1,last,64,0.7,"train a,b"\noct,sagan,,1,last,64,0.6,train c\n';
  const columns = "d,m,v,s,e,size,share,auroc,command".split(",");
  const row = { d: "oct", m: "knn", v: "", s: 1, e: "last", size: 64, share: 0.5, auroc: 0.8, command: "train x,y" };
  const text = mergeRows(old, [row], columns);
  expect(text).toBe(
    'd,m,v,s,e,size,share,auroc,command\noct,knn,,1,last,64,0.5,0.8,"train x,y"\noct,sagan,,1,last,64,,0.6,train c\n',
  );
  expect(mergeRows(text, [], columns)).toBe(text);
});

test("the pool's share of abnormal images is that of its provenance, and empty where none is known", () => {
  const folder = mkdtempSync(join(tmpdir(), "hale-pool-"));
  try {
    expect(poolShare(folder)).toBe("");
    const rows = ["a,1,x,unlabelled", "b,0,y,unlabelled", "c,1,x,unlabelled", "d,0,y,train", "e,1,x,test"];
    writeFileSync(join(folder, "provenance.csv"), `path,true_label,true_class,part\n${rows.join("\n")}\n`);
    expect(poolShare(folder)).toBe(0.6667);
    writeFileSync(join(folder, "provenance.csv"), "path,origin\na,b\n");
    expect(poolShare(folder)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
