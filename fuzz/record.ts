/** @file Figures of a campaign on record: a line in results/fuzz.jsonl, and the table of SECURITY.md made from it. */
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figures } from "./report.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Adds a line to the file of results, and writes the last campaign of each row into the table. */
export async function record(figures: Figures, root = ROOT): Promise<void> {
  const results = join(root, "results", "fuzz.jsonl");
  await appendFile(results, `${JSON.stringify(figures)}\n`);
  const lines = (await readFile(results, "utf8")).trim().split("\n");
  const all = lines.map((line) => JSON.parse(line) as Figures);
  const page = join(root, "SECURITY.md");
  const text = await readFile(page, "utf8");
  await writeFile(page, withTable(text, all));
}

/** Which row of the table a campaign belongs in. */
function nameOf({ codecs, kinds }: Figures): string {
  if (codecs) return "WebAssembly decoders";
  return kinds.join() === "hale" ? "detectors alone" : "JavaScript parsers";
}

/** The page with the rows of its table of campaigns replaced. */
export function withTable(page: string, all: readonly Figures[]): string {
  const rows = ["JavaScript parsers", "WebAssembly decoders", "detectors alone"].flatMap((name) => {
    const last = all.findLast((figures) => nameOf(figures) === name);
    if (!last) return [];
    const { runs, seed, findings, slowestMilliseconds, ownGrowthMb, residentGrowthMb } = last;
    return [`| ${[name, runs, seed, findings, slowestMilliseconds, ownGrowthMb, residentGrowthMb].join(" | ")} |\n`];
  });
  return page.replace(/(\| seeds \| runs \|.*\n\|---.*\n)(?:\|.*\n)*/, (_, head) => head + rows.join(""));
}
