/** @file What a library says names no flag: whoever asks, a command, a page or a server, has its own words for settings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Flags that are no settings of ours: of Node and of browsers. */
const OTHERS = /^packages\/(core\/src\/node\/thread|\w+\/src\/devices\/\w+)\.ts$/;

/** Properties of styles begin like flags. */
const withoutStyles = (line: string) => line.replace(/var\(--[\w-]+\)|--[\w-]+:/g, "");

/** A flag, or a command of hale; not within a comment. */
const OF_THE_COMMAND_LINE =
  /["'`\s(]--[a-z][a-z-]+|\bhale (train|score|data|evaluate|doctor|backbone|demo|quality|probe|show|serve)\b/;

test("libraries name no flags and no commands of the command line", () => {
  const files = readdirSync(join(root, "packages"), { recursive: true, encoding: "utf8" })
    .map((file) => join("packages", file))
    .filter(
      (file) =>
        /\/src\/.*\.ts$/.test(file) && !/node_modules|\/dist\/|\.test\.ts$|-fixture\.ts$|test-support\.ts$/.test(file),
    );
  expect(files.length).toBeGreaterThan(300);
  const found = files
    .filter((file) => !OTHERS.test(file))
    .flatMap((file) =>
      readFileSync(join(root, file), "utf8")
        .split("\n")
        .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line) && OF_THE_COMMAND_LINE.test(withoutStyles(line)))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(found).toEqual([]);
});
