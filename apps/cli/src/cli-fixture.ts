/** @file What the tests of the command need: a way to run it, what a refusal looks like, and a detector whose score has parts. */
import { spawn } from "node:child_process";
import { Console } from "node:console";
import { readFile, writeFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Random } from "@hale/core";
import { sourceOptions } from "@hale/core/node";
import { type Card, DetectorModel, packDetector, unpackDetector } from "@hale/detector";
import { exportModel } from "@hale/methods";
import { hqAnoGan } from "@hale/methods/hq-anogan";
import { openDevice } from "@hale/runtime/node";
import { expect } from "vitest";
import { run } from "./program.ts";
import { checkLines } from "./schemas/lines-fixture.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

export interface Result {
  code: number | null;
  out: string;
  err: string;
}

/**
 * Runs `hale` in a folder, in this process, one call after the other: starting Node and loading everything anew would take
 * most of a test's time. What only a process can show (signals, the bundle, exit codes of the shell) is `spawnHale`'s.
 */
export function runHale(folder: string, args: string[], env: Record<string, string> = {}): Promise<Result> {
  const result = last.then(() => runNow(folder, args, env));
  last = result.catch(() => {});
  return result;
}

let last: Promise<unknown> = Promise.resolve();

async function runNow(folder: string, args: string[], env: Record<string, string>): Promise<Result> {
  const said = { out: "", err: "" };
  const [out, err] = (["out", "err"] as const).map(
    (name) =>
      new Writable({
        write(chunk, _encoding, done) {
          said[name] += chunk;
          done();
        },
      }),
  );
  const before = {
    folder: process.cwd(),
    console: globalThis.console,
    env: process.env,
    out: process.stdout.write,
    err: process.stderr.write,
  };
  globalThis.console = new Console(out, err);
  process.stdout.write = out.write.bind(out) as typeof process.stdout.write;
  process.stderr.write = err.write.bind(err) as typeof process.stderr.write;
  process.env = { ...process.env, ...env };
  try {
    process.chdir(folder);
    const code = await run(args);
    checkLines(said.out);
    return { code, ...said };
  } finally {
    process.chdir(before.folder);
    process.env = before.env;
    process.stdout.write = before.out;
    process.stderr.write = before.err;
    globalThis.console = before.console;
  }
}

/** Runs `hale` in a folder as a process. With `until`, interrupts it as soon as standard error says so. */
export function spawnHale(folder: string, args: string[], until?: RegExp): Promise<Result> {
  const child = spawn(process.execPath, [...sourceOptions(), main, ...args], { cwd: folder });
  const result: Result = { code: null, out: "", err: "" };
  let asked = false;
  child.stdout.on("data", (text) => {
    result.out += text;
  });
  child.stderr.on("data", (text) => {
    result.err += text;
    if (!asked && until?.test(result.err)) asked = child.kill("SIGINT");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      try {
        checkLines(result.out);
        resolve({ ...result, code });
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** A refusal: the code, one sentence that says what and what to do, no stack. */
export function expectRefused({ code, err }: Result, wanted: number, sentence: RegExp): void {
  expect(err).toMatch(sentence);
  expect(err).not.toMatch(/\n\s+at |node:internal|unexpected fault/);
  expect(
    err
      .trim()
      .split("\n")
      .filter((line) => line.startsWith("hale: ") || line.startsWith("error: ")),
  ).toHaveLength(1);
  expect(code).toBe(wanted);
}

/** Cells of a CSV without quotes. */
export const rowsOf = (csv: string) =>
  csv
    .trim()
    .split("\n")
    .map((row) => row.split(","));

/**
 * Writes a detector of HQ-AnoGAN, whose score has parts, with its first weights: nothing is trained. What its card says of data
 * and threshold is that of the detector `like`. Returns the names of the parts.
 */
export async function writeDetectorWithParts(file: string, like: string): Promise<readonly string[]> {
  const shape = { size: 32, channels: 1 } as const;
  const { name, title, source, ...method } = hqAnoGan;
  const options = method.options.parse({ latent: 8, base: 128, maxChannels: 8, encoderWidth: 4 });
  const recipe = method.create(options, shape);
  const model = exportModel(recipe, shape, recipe.initialState(new Random(1, "parts")));
  const opened = await DetectorModel.open(model, shape, await openDevice({ threads: 1 }));
  const { card } = await unpackDetector(await readFile(like), like);
  const changes: Partial<Card> = {
    method: { name, title, source, options: { ...options } as Card["method"]["options"] },
    views: [...opened.views],
    parts: [...opened.parts],
    counterpart: opened.counterpart,
    selfCheck: await opened.measureSelfCheck(),
  };
  await opened.release();
  await writeFile(file, await packDetector({ model, card: { ...card, ...changes } }));
  return [...opened.parts];
}
