/** @file What an import says of series whose slices are missing: counted, with their place, and never a mixture. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { plantedIn, put, series, ZEBEDEE } from "./collection-fixture.ts";
import { importDataset } from "./import.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-gap-"));
});
afterEach(() => rm(root, { recursive: true }));

test("a missing slice is counted in the warnings, with its place", async () => {
  const files = series("a", 6, { person: ZEBEDEE, study: "1", series: "1" });
  const [missing] = Object.keys(files).slice(3);
  delete files[missing];
  await put(join(root, "source"), files);
  const { warnings, added } = await importDataset([join(root, "source")], {
    out: join(root, "set"),
    key: join(root, "k.key"),
  });
  expect(added).toBe(1);
  expect(warnings.join("\n")).toMatch(/Series that have gaps, .*: 1\. Each is named below/);
  expect(warnings.join("\n")).toMatch(/[0-9a-f]{16}: .*from slice 3 to 4 of 5; slices seem to be missing/);
  expect(plantedIn(warnings.join("\n"))).toEqual([]);
});
