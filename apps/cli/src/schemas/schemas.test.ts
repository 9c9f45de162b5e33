/**
 * @file The JSON Schemas of docs/schemas are those of the layouts (`npx vitest run -u` with this file writes them anew), and every
 * layout has a line of a real command that its schema takes. The fixture holds all lines of all other tests to them too.
 */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "@hale/core";
import { writePhantomSet } from "@hale/data/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runHale } from "../cli-fixture.ts";
import { type Layout, schemaName } from "../json.ts";
import { SCHEMAS } from "./index.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { checkLines, linesWithSchema } from "./lines-fixture.ts";

const FOLDER = fileURLToPath(new URL("../../../../docs/schemas", import.meta.url));
const LAYOUTS = Object.keys(SCHEMAS) as Layout[];

test.each(LAYOUTS)("the file of %s is what the layout says", async (layout) => {
  const text = `${JSON.stringify(jsonSchemaOf(layout), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(FOLDER, `${schemaName(layout)}.json`));
});

test("there is no file of a layout that is gone", async () => {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".json"));
  expect(files.sort()).toEqual(LAYOUTS.map((layout) => `${schemaName(layout)}.json`).sort());
});

describe("lines of commands", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hale-schemas-"));
    const counts = { trainNormal: 12, unlabelled: 4, valNormal: 20, testNormal: 3, testAbnormal: 3 };
    await writePhantomSet(join(folder, "scans"), { seed: 4, size: 32, counts });
    await writeFile(join(folder, "damaged.png"), "no picture");
    await hale("train", "scans", "--out", "run", "--method", "knn", "--size", "32", "--threads", "1", "--json");
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Layouts of lines that were taken. */
  const taken = new Set<string>();
  async function hale(...args: string[]): Promise<void> {
    const { out } = await runHale(folder, args);
    // Once more, so that a fixture that has forgotten to does not pass.
    expect(linesWithSchema(out).length, args.join(" ")).toBeGreaterThan(0);
    for (const name of checkLines(out)) taken.add(name);
  }

  test("are taken by the schemas that they name", async () => {
    await hale("show", "run/detector.hale", "--json");
    await hale("score", "run/detector.hale", "scans/**/*.png", "damaged.png", "--json");
    await hale("probe", "scans", "damaged.png", "--json");
    await hale("evaluate", "run/detector.hale", "scans", "--json");
    await hale("data", "check", "scans", "--json");
    await hale("data", "split", "scans", "--out", "scans/other.csv", "--json");
    await hale("data", "clean", "scans", "--out", "scans/clean.csv", "--json");
    await hale("data", "import", "scans", "--out", "imported", "--key", "key", "--dry-run", "--json");
    await hale("doctor", "--json");
    await hale("show", "gone.hale", "--json");
    const expected = ["train", "show", "score", "probe", "evaluate", "data-check", "data-split", "data-clean"];
    expect([...taken].sort()).toEqual(
      [...expected, "data-import", "doctor", "error"].map((name) => `hale/${name}@1`).sort(),
    );
  });

  test("are refused with a field that is unknown, missing or of another kind", () => {
    const line = { schema: "hale/data-split@1", hale: VERSION, manifest: "a.csv", train: 1, val: 0, test: 1 };
    expect(() => checkLines(JSON.stringify(line))).not.toThrow();
    for (const wrong of [{ other: 1 }, { train: -1 }, { manifest: undefined }, { hale: undefined }])
      expect(() => checkLines(JSON.stringify({ ...line, ...wrong }))).toThrow(/hale\/data-split@1/);
    expect(() => checkLines('{"schema":"hale/nothing@1"}')).toThrow(/no schema/);
  });
});
