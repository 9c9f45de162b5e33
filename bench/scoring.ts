/**
 * @file `hale score` against a Python script with onnxruntime and Pillow on the same model and the same files: processor time
 * and wall time of whole processes, from start to end, in turns, and the scores of both. Python goes in several ways (threads,
 * images a batch); hale is held to the best of them, each figure by itself.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HaleError } from "@hale/core";
import { sourceOptions } from "@hale/core/node";
import { unpackDetector } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { findPython } from "./python.ts";
import { agreementOf, type Measured, medianOf, type Named, summaryOf } from "./scoring-figures.ts";
import { round } from "./statistics.ts";

export interface ScoringBenchOptions {
  data: string;
  detector?: string;
  images: number;
  threads: number;
  rounds: number;
  busy: boolean;
  json: boolean;
}

/** Load of the machine above which its times mean nothing. */
const QUIET = 0.5;
/** What Python is tried with: threads inside an op (0: its default), images a batch. */
const WAYS = [
  { threads: 0, batch: 1 },
  { threads: 1, batch: 1 },
  { threads: 1, batch: 8 },
  { threads: 0, batch: 8 },
];
/** Training of the detector that is made where none is given. */
const TRAINING = "--method sagan --width 8 --size 64 --iterations 20 --every 20 --seed 1 --json".split(" ");

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUNDLE = fileOf("../packages/hale/dist/command/main.js");
const SOURCE = fileOf("../apps/cli/src/main.ts");

/** Runs all rounds and prints them. True where scores agree and, on a quiet machine, both limits are kept. */
export async function benchScoring(options: ScoringBenchOptions): Promise<boolean> {
  const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const load = loadavg()[0];
  say(`${cpus()[0]?.model.trim() || "unknown processor"}, ${cpus().length} cores, load ${load.toFixed(2)}`);
  const python = findPython("onnxruntime, numpy, PIL", "onnxruntime, numpy and Pillow");
  const built = existsSync(BUNDLE);
  const hale = built ? [process.execPath, BUNDLE] : [process.execPath, ...sourceOptions(), SOURCE];
  say(built ? "hale: the bundled command" : "hale: from source, since it is not built (npm run build)");
  const folder = await mkdtemp(join(tmpdir(), "hale-bench-"));
  try {
    const files = await picturesIn(options.data, options.images);
    const detector = options.detector ?? (await trained(hale, options.data, folder, say));
    const { model, card } = await unpackDetector(await readDetectorBytes(detector), detector);
    const onnx = join(folder, "model.onnx");
    const list = join(folder, "list.txt");
    await writeFile(onnx, model);
    await writeFile(list, `${files.join("\n")}\n`);
    say(
      `${files.length} images, ${card.method.title}, ${card.image.size} x ${card.image.size}, ${options.threads} threads`,
    );

    const peer = [python, fileOf("./peers/score_images.py"), onnx, String(card.image.channels)];
    const commands: Record<string, string[]> = {
      hale: [...hale, "score", detector, ...files, "--json", "--threads", String(options.threads)],
      ...Object.fromEntries(
        WAYS.map(({ threads, batch }) => [
          `python, ${threads === 0 ? "default" : threads} threads, batch ${batch}`,
          [...peer, String(threads), String(batch), list],
        ]),
      ),
    };
    const taken: Record<string, Measured[]> = {};
    const scores: Record<string, number[]> = {};
    for (let i = 0; i < options.rounds; i++) {
      for (const [name, command] of Object.entries(commands)) {
        const out = join(folder, "out.txt");
        taken[name] = [...(taken[name] ?? []), await measure(python, out, command)];
        const lines = (await readFile(out, "utf8")).trim().split("\n");
        scores[name] ??= lines.map((line) => (name === "hale" ? (JSON.parse(line).score as number) : Number(line)));
      }
    }
    const figures = Object.entries(taken).map(([name, rounds]): Named => ({ name, ...medianOf(rounds) }));
    for (const { name, user, sys, wall, mb } of figures) {
      say(
        `${name.padEnd(36)} processor ${(user + sys).toFixed(2)} s (user ${user.toFixed(2)}, sys ${sys.toFixed(2)})   wall ${wall.toFixed(2)} s   ${Math.round(mb)} MB`,
      );
    }
    const summary = summaryOf(figures);
    say(`processor time: ${summary.processor} of ${summary.leastProcessor} (limit 1.2)`);
    say(`wall time:      ${summary.wall} of ${summary.leastWall} (limit 0.9)`);
    const agreement = agreementOf(scores.hale, scores[`python, 1 threads, batch 1`]);
    say(
      `scores:         ${agreement.different} of ${files.length} differ, by at most ${agreement.largest.toExponential(1)} of the score (limit 1e-4)`,
    );
    const quiet = load <= QUIET;
    if (!quiet) {
      say(
        options.busy
          ? `The load was ${load.toFixed(2)} before the start: take the times for what they are.`
          : `No verdict on times: the load was ${load.toFixed(2)} before the start, and at most ${QUIET} is quiet. --busy measures all the same.`,
      );
    }
    if (options.json) {
      const machine = { processor: cpus()[0]?.model.trim(), cores: cpus().length, load: round(load, 2), quiet };
      process.stdout.write(
        `${JSON.stringify({ ...machine, bundled: built, images: files.length, figures, ...summary, ...agreement })}\n`,
      );
    }
    return agreement.agree && (quiet || options.busy) && (options.busy || summary.kept);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first pictures below `images/` of a data set, by name. Throws DATASET_EMPTY where there are fewer. */
async function picturesIn(data: string, count: number): Promise<string[]> {
  const folder = join(data, "images");
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const pictures = names.filter((name) => /\.(jpe?g|png)$/i.test(name)).sort();
  if (pictures.length >= count) return pictures.slice(0, count).map((name) => join(folder, name));
  throw new HaleError(
    "DATASET_EMPTY",
    `${folder} has ${pictures.length} pictures, and ${count} are to be scored.`,
    "Name a larger data set, or score fewer.",
  );
}

async function trained(
  hale: readonly string[],
  data: string,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  say("No detector is given: a small SAGAN is trained first, which takes some minutes.");
  const run = join(folder, "run");
  const [program, ...args] = [...hale, "train", data, "--out", run, ...TRAINING];
  await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 });
  return join(run, "detector.hale");
}

/** Runs a command as the kernel sees it. What `npm run bench` asks of glibc is not handed on: users' processes have none of it. */
async function measure(python: string, out: string, command: readonly string[]): Promise<Measured> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("MALLOC_")));
  const { stdout } = await promisify(execFile)(python, [fileOf("./peers/measured.py"), out, ...command], {
    env,
    maxBuffer: 2 ** 26,
  });
  const measured = JSON.parse(stdout) as Measured & { code: number };
  if (measured.code === 0) return measured;
  const what = `${command.slice(0, 3).join(" ")} ended with code ${measured.code}.`;
  throw new HaleError("DEVICE_UNAVAILABLE", what, "Its own message stands above.");
}
