/** @file `hale show`: the card in three forms on standard output, and refusals. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "@hale/core";
import { cardPage, cardText, packDetector } from "@hale/detector";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cardWith, plainModel } from "../../../../packages/detector/src/test-support.ts";
import { run } from "../program.ts";

let folder: string;
let file: string;
const card = cardWith({ intendedUse: "Research \u202e on phantoms." });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hale-show-"));
  file = join(folder, "d.hale");
  await writeFile(file, await packDetector({ model: plainModel, card }));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command here. */
async function show(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    vi.spyOn(console, "log").mockImplementation((line) => void out.push(`${line}\n`)),
    vi.spyOn(console, "error").mockImplementation((line) => void err.push(`${line}\n`)),
    vi.spyOn(process.stdout, "write").mockImplementation((text) => out.push(String(text)) > 0),
  ];
  const code = await run(["show", ...args]);
  for (const spy of spies) spy.mockRestore();
  return { code, out: out.join(""), err: err.join("") };
}

test("prints the card as text, as one line of JSON, and as a page", async () => {
  expect(await show(file)).toEqual({ code: 0, out: cardText(card, file), err: "" });
  expect(await show(file, "--html")).toEqual({ code: 0, out: cardPage(card, "d.hale"), err: "" });
  const { out, code } = await show(file, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({ schema: "hale/show@1", hale: VERSION, ...card });
  expect(out).not.toContain("\u202e");
  expect(out.trimEnd().split("\n")).toHaveLength(1);
});

test("refuses what is no detector, what is not there, and both forms at once", async () => {
  const other = join(folder, "other.hale");
  await writeFile(other, "hello");
  expect(await show(other)).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(/^hale: .*not a sound detector/),
  });
  expect(await show(join(folder, "none.hale"))).toMatchObject({ code: 1, err: expect.stringContaining("There is no") });
  expect(await show(file, "--json", "--html")).toMatchObject({ code: 2 });
});
