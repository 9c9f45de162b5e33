/** @file SECURITY.md is true: its limits are the code's, its tests exist, its figures are those of the last campaigns. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAX_DETECTOR_BYTES } from "@hale/detector";
import { READ_MEMORY_BYTES, READ_MILLISECONDS } from "@hale/imaging";
import { expect, test } from "vitest";
import * as modelLimits from "../packages/detector/src/format/model-limits.ts";
import * as limits from "../packages/imaging/src/raster/limits.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "SECURITY.md"), "utf8");
const section = (title: string) => page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("|---"))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );

test("limits are the code's, and none is left out", () => {
  const code = { ...limits, ...modelLimits, MAX_DETECTOR_BYTES, READ_MILLISECONDS, READ_MEMORY_BYTES };
  const wanted = Object.entries(code).filter(([, value]) => typeof value === "number");
  const told = rowsOf(section("Limits")).map(([, name, value]) => [name.replaceAll("`", ""), Number(value)]);
  expect(told.sort()).toEqual(wanted.sort());
});

test("the tests that it names are there", () => {
  const rows = rowsOf(section("Threats and their tests"));
  expect(rows.length).toBeGreaterThan(15);
  for (const [threat, tests] of rows) {
    const named = [...tests.matchAll(/`([^`]+\.test\.ts)`: ([^;]+)/g)];
    expect(named.length, threat).toBeGreaterThan(0);
    for (const [, file, title] of named) {
      const text = readFileSync(join(root, file), "utf8");
      expect(text.includes(title.trim()), `${file}: ${title}`).toBe(true);
    }
  }
});

test("figures are those of the last campaigns, which found nothing", () => {
  const records = readFileSync(join(root, "results", "fuzz.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const alone = ({ kinds }: { kinds: string[] }) => kinds.join() === "hale";
  const last = [
    records.findLast((record) => !record.codecs && !alone(record)),
    records.findLast((record) => record.codecs),
    records.findLast(alone),
  ];
  const told = rowsOf(section("Fuzzing")).map((row) => row.slice(1).map(Number));
  expect(told).toEqual(
    last.map(({ runs, seed, findings, slowestMilliseconds, ownGrowthMb, residentGrowthMb }) => [
      runs,
      seed,
      findings,
      slowestMilliseconds,
      ownGrowthMb,
      residentGrowthMb,
    ]),
  );
  expect(last.map(({ findings }) => findings)).toEqual([0, 0, 0]);
});
