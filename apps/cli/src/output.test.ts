/** @file Names that would do something to a terminal or a spreadsheet do nothing, whichever command prints them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePng } from "@hale/imaging";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runHale } from "./cli-fixture.ts";
import { clean } from "./output.ts";

const NASTY = "a\u001b[31m\u0007\u202eb\u009b2J";
/** What a terminal acts upon, or shows as other than it is; line ends apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const ACTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-names-"));
  const png = (seed: number) =>
    encodePng({
      width: 8,
      height: 8,
      channels: 1,
      maxValue: 255,
      data: Uint8Array.from({ length: 64 }, (_, i) => (i * 37 * (seed + 1)) % 256),
    });
  for (const folder of ["normal", `abnormal/${NASTY}`]) await mkdir(join(root, "set", folder), { recursive: true });
  for (let i = 0; i < 4; i++) {
    await writeFile(join(root, "set/normal", `${NASTY}${i}\nnormal.png`), png(i));
    await writeFile(join(root, `set/abnormal/${NASTY}`, `${i}.png`), png(i < 2 ? i : i + 9));
  }
});
afterAll(() => rm(root, { recursive: true }));

test.each([
  ["data", "check", "set"],
  ["data", "check", "set", "--json"],
  ["data", "split", "set", "--out", `set/${NASTY}.csv`],
  ["probe", "set"],
  ["probe", "set", "--json"],
  ["score", "none.hale", `set/${NASTY}`],
  ["show", `set/${NASTY}.hale`],
  ["data", "check", `set/${NASTY}`],
])("hale %s %s %s", async (...args) => {
  const { out, err } = await runHale(root, args);
  expect(`${out}${err}`).toMatch(/\\u/);
  expect(out).not.toMatch(ACTS);
  expect(err).not.toMatch(ACTS);
  if (args.includes("--json") && args[0] === "data") expect(() => JSON.parse(out)).not.toThrow();
});

test("texts in tables stay on their line", () => {
  expect(clean({ a: ["x\ny", 1, null], b: { c: "\u001b" } })).toEqual({
    a: ["x\\u{a}y", 1, null],
    b: { c: "\\u{1b}" },
  });
});
