/**
 * @file The fuzzer's command line: `npm run fuzz -- --runs 100000`. Results go to standard output; exit code 1 when there
 * is a finding, or when memory grew.
 */
import { appendFile, readFile } from "node:fs/promises";
import { kindOf } from "@hale/imaging";
import { Command, InvalidArgumentError } from "commander";
import { campaign, replay } from "./campaign.ts";
import { figures, grew, report } from "./report.ts";
import { KINDS, type Kind } from "./seeds/seed.ts";

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Give a whole number.");
  return value;
}

function kindsOf(text: string): Kind[] {
  const kinds = text.split(",") as Kind[];
  const odd = kinds.find((kind) => !KINDS.includes(kind));
  if (odd !== undefined) throw new InvalidArgumentError(`${odd} is none of ${KINDS.join(", ")}.`);
  return kinds;
}

interface Options {
  runs: number;
  seed: number;
  kinds: Kind[];
  codecs?: boolean;
  out: string;
  replay?: string[];
  record?: string;
  json?: boolean;
}

const {
  runs,
  seed,
  kinds,
  codecs,
  out,
  replay: files,
  record,
  json,
} = new Command("fuzz")
  .description("Feeds damaged files to every reader. Whatever the bytes: an image, or a typed refusal, in time.")
  .option("--runs <n>", "how many inputs", whole, 10_000)
  .option("--seed <n>", "of the random numbers; the same seed makes the same inputs", whole, 1)
  .option("--kinds <list>", KINDS.join(","), kindsOf, [...KINDS])
  .option("--codecs", "the seeds that WebAssembly decodes, instead of those that JavaScript reads")
  .option("--out <folder>", "where findings are kept", "fuzz/findings")
  .option("--replay <files...>", "read these inputs again instead")
  .option(
    "--record <file>",
    "add one line of figures to this file: results/fuzz.jsonl for runs that SECURITY.md tells of",
  )
  .option("--json", "one JSON object")
  .addHelpText(
    "after",
    `
Examples:
  npm run fuzz -- --runs 1000000 --seed 7
  npm run fuzz -- --codecs --runs 20000 --kinds dicom,jpeg
  npm run fuzz -- --replay fuzz/findings/nifti-1-4711.bin`,
  )
  .parse()
  .opts<Options>();

if (files) {
  for (const file of files) {
    const bytes = new Uint8Array(await readFile(file));
    const noted = await readFile(file.replace(/(\.small)?\.bin$/, ".json"), "utf8").catch(() => "{}");
    const kind: Kind = JSON.parse(noted).kind ?? kindOf(bytes) ?? "hale";
    const verdict = await replay({ kind, bytes });
    console.log(
      `${file} (${kind}): ${verdict.kind === "finding" ? `${verdict.what}\n${verdict.stack}` : JSON.stringify(verdict)}`,
    );
    if (verdict.kind === "finding") process.exitCode = 1;
  }
} else {
  let last = performance.now();
  const result = await campaign({
    runs,
    seed,
    kinds,
    codecs,
    out,
    onProgress(done) {
      if (performance.now() - last < 10_000) return;
      last = performance.now();
      console.error(`${done} of ${runs} runs`);
    },
  });
  console.log(
    json
      ? JSON.stringify({ ...result, findings: result.findings.map(({ signature, count }) => ({ signature, count })) })
      : report(result),
  );
  if (record)
    await appendFile(record, `${JSON.stringify(figures(result, { seed, kinds, codecs: codecs ?? false }))}\n`);
  if (result.findings.length > 0 || grew(result)) process.exitCode = 1;
}
