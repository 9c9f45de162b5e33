/**
 * @file Times our training step against the same step in PyTorch, on equal weights and batches.
 *
 * Each side is a process that answers JSON lines: `load` (files of weights and batches), `step` (one turn: each program's
 * time in ms, and the losses), `memory` (peak in MB). The peer first runs once as `calibrate`, in a process that is thrown away, to
 * find its fastest settings on this machine. The first turns are compared loss by loss; then the sides take turns
 * (ours, theirs, ours, ...), one idle while the other works. Between them the machine's own speed is measured, and rounds during
 * which it fell are dropped (`turns.ts`): two PyTorch threads that wait for each other lose more to a neighbour than we do.
 *
 * Where the processor multiplies bfloat16, a third side is PyTorch under autocast: other numerics, whose losses are not compared,
 * but what a user with such a machine would take.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HaleError } from "@hale/core";
import { writeArrays } from "./arrays.ts";
import { describeMachine, type Gauge, type Machine, openGauge, sentence } from "./machine.ts";
import { findTorch } from "./python.ts";
import { Side } from "./side.ts";
import { median, round } from "./statistics.ts";
import type { Losses, StepConfig, StepFactory, Turn } from "./step.ts";
import { stepOf } from "./steps/index.ts";
import { judge, type Round, steadyRounds, type Verdict } from "./turns.ts";

/** Different turns' worth of batches; later turns use them again. */
const BATCHES = 10;
/**
 * Losses agree within this share of the larger, or within this share of `SMALL` (1e-4) where both are smaller than it: the
 * adversarial loss is a mean around zero. Adam and the normalisations enlarge rounding from turn to turn: after some eight turns
 * of SAGAN PyTorch's own variants are 1e-3 apart from a float64 run, and so are we; more turns would compare noise.
 */
const TOLERANCE = 1e-3;
const SMALL = 0.1;
/** Time for the threads of the side that has just run to fall asleep. */
const SETTLE_MS = 30;

export interface TrainingStepOptions {
  method: string;
  widths: number[];
  /** The method's default where not given; `batch` and `compare` too. */
  size?: number;
  batch?: number;
  threads: number;
  pairs: number;
  compare?: number;
  seed: number;
  compile: boolean;
  peerSettings?: string;
  json: boolean;
}

interface Calibration {
  settings: Record<string, unknown>;
  /** What was tried: a line each, with its ms a turn. */
  tried: string[];
}

export interface StepResult {
  method: string;
  config: StepConfig & { torch: string; settings: Record<string, unknown> };
  /** As it was before the first turn. */
  machine: Machine;
  /** The machine's matrix product between the turns, in GFLOP/s: best and median. */
  machine_gflops: { best: number; median: number };
  /** Which rounds count, and what keeps the ratios from being believed. */
  verdict: Verdict;
  /** Median time of one turn, in which each program counts by its share; of all rounds where there is a doubt. */
  hale_ms: number;
  torch_ms: number;
  /** Ratio of the medians. */
  ratio: number;
  /** Fastest turns. */
  hale_least_ms: number;
  torch_least_ms: number;
  /** PyTorch's bfloat16 autocast, in other numerics: median, and our median's ratio to it; null where it was not run. */
  bfloat16: { torch_ms: number; torch_least_ms: number; ratio: number } | null;
  /** Median of the ratios of neighbouring turns. */
  ratio_paired: number;
  /** Each program's median times, their ratio, and how often it counts. */
  programs: Record<string, { share: number; hale_ms: number; torch_ms: number; ratio: number }>;
  hale_mb: number;
  torch_mb: number;
  losses_agree: boolean;
  /** Largest differences by loss, as a share of the tolerance. */
  loss_difference: Losses;
  /** The peer's calibration. */
  tried: string[];
}

/** |a - b| as a share of what is allowed; at most 1 where they agree, infinite where one is no number. */
export function difference(a: number, b: number): number {
  const share = Math.abs(a - b) / (TOLERANCE * Math.max(Math.abs(a), Math.abs(b), SMALL));
  return Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
}

/** Runs all configurations and prints them. True where all losses agreed. */
export async function benchTrainingStep(options: TrainingStepOptions): Promise<boolean> {
  const { defaults } = stepOf(options.method);
  const { method, size = defaults.size, batch = defaults.batch, threads, seed } = options;
  const given = { ...options, compare: options.compare ?? defaults.compare };
  const interpreter = findTorch();
  const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  let agree = true;
  for (const width of options.widths) {
    const result = await compare({ method, width, size, batch, threads, seed }, given, interpreter, say);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    agree &&= result.losses_agree;
  }
  return agree;
}

async function compare(
  config: StepConfig,
  options: TrainingStepOptions & { compare: number },
  { python, torch }: { python: string; torch: string },
  say: (line: string) => void,
): Promise<StepResult> {
  const { method, width, size, batch, threads } = config;
  const machine = describeMachine();
  say(sentence(machine));
  say(`${method}, width ${width}, ${size}x${size}, batch ${batch}, ${threads} threads; PyTorch ${torch}`);
  const folder = mkdtempSync(join(tmpdir(), "hale-bench-"));
  const sides: Side[] = [];
  const gauge = await openGauge(threads);
  try {
    const step = stepOf(method);
    const files = { parameters: join(folder, "parameters"), batches: join(folder, "batches") };
    writeArrays(files.parameters, step.parameters(config));
    writeArrays(files.batches, await step.batches(config, BATCHES));
    const load = { command: "load", config, shares: step.shares, ...files };
    const peer = () => {
      const side = Side.python("PyTorch", python, `./peers/${step.peer}`, {
        OMP_NUM_THREADS: String(threads),
        PYTHONDONTWRITEBYTECODE: "1",
        TORCHINDUCTOR_CACHE_DIR: join(folder, "compiled"),
        TORCHINDUCTOR_COMPILE_THREADS: String(threads),
      });
      sides.push(side);
      return side;
    };
    const peerLoad = { ...load, options: step.peerOptions(config) };

    const { settings, tried } = options.peerSettings
      ? { settings: parseSettings(options.peerSettings), tried: [] }
      : await calibrate(peer(), { ...peerLoad, compile: options.compile });
    say(`PyTorch's settings: ${JSON.stringify(settings)}`);

    const hale = Side.typescript("hale", "./hale-side.ts");
    sides.push(hale);
    const theirs = peer();
    await hale.ask(load);
    await theirs.ask({ ...peerLoad, settings });
    const half = machine.features.some((name) => name.endsWith("_bf16")) ? peer() : null;
    await half?.ask({ ...peerLoad, settings, bfloat16: true });

    const worst = await compareLosses(hale, theirs, step.losses, options.compare, say);
    const rounds = await alternate(half ? [hale, theirs, half] : [hale, theirs], gauge, options.compare, options.pairs);
    const { steady, best } = steadyRounds(rounds);
    const verdict = judge(sideTimesOf(steady, step.shares).slice(0, 2), rounds.length);
    // Too few are no measurement: all of them are shown instead, with the doubt.
    const turns = (verdict.doubt ? rounds : steady).map((one) => one.turns);
    const sideTimes = sideTimesOf(verdict.doubt ? rounds : steady, step.shares);
    const times = sideTimes[0].map((ours, i): Pair => [ours, sideTimes[1][i]]);
    const least = (side: number) => round(Math.min(...sideTimes[side]));
    const [haleMemory, torchMemory] = [await memoryOf(hale), await memoryOf(theirs)];
    const result: StepResult = {
      method,
      config: { ...config, torch, settings },
      machine,
      machine_gflops: { best: round(best), median: round(median(rounds.flatMap(({ speeds }) => speeds))) },
      verdict,
      ...medians(times),
      hale_least_ms: least(0),
      torch_least_ms: least(1),
      bfloat16: half && {
        torch_ms: round(median(sideTimes[2])),
        torch_least_ms: least(2),
        ratio: round(median(sideTimes[0]) / median(sideTimes[2]), 3),
      },
      ratio_paired: round(median(times.map(([ours, other]) => ours / other)), 3),
      programs: Object.fromEntries(
        Object.entries(step.shares).map(([name, share]) => [
          name,
          { share, ...medians(turns.map(([ours, other]): Pair => [ours.ms[name], other.ms[name]])) },
        ]),
      ),
      hale_mb: round(haleMemory),
      torch_mb: round(torchMemory),
      losses_agree: Object.values(worst).every((share) => share <= 1),
      loss_difference: worst,
      tried,
    };
    report(result, say);
    return result;
  } finally {
    await gauge.release();
    await Promise.all(sides.map((side) => side.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function parseSettings(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const remedy = "Copy them from an earlier run's JSON line, config.settings.";
    throw new HaleError("OPTION_INVALID", "--peer-settings is not JSON.", remedy, { cause });
  }
}

/**
 * The peer's fastest settings, found in a process of its own so that the search leaves no trace in its memory. It names
 * each trial on stderr as it goes.
 */
async function calibrate(side: Side, load: Record<string, unknown>): Promise<Calibration> {
  const calibration = await side.ask<Calibration>({ ...load, command: "calibrate" });
  await side.close();
  return calibration;
}

/** Prints the first turns' losses of both sides; returns each loss's worst difference as a share of the tolerance. */
async function compareLosses(
  hale: Side,
  torch: Side,
  names: readonly string[],
  turns: number,
  say: (line: string) => void,
): Promise<Losses> {
  const worst: Losses = Object.fromEntries(names.map((name) => [name, 0]));
  const row = (label: string, cells: readonly string[]) =>
    say(label.padEnd(10) + cells.map((c) => c.padStart(14)).join(""));
  row("losses", names);
  for (let turn = 0; turn < turns; turn++) {
    const ours = (await hale.ask<Turn>({ command: "step", turn })).losses;
    const theirs = (await torch.ask<Turn>({ command: "step", turn })).losses;
    for (const name of names) worst[name] = round(Math.max(worst[name], difference(ours[name], theirs[name])), 4);
    row(
      `${turn + 1} hale`,
      names.map((name) => ours[name].toFixed(7)),
    );
    row(
      "  torch",
      names.map((name) => theirs[name].toFixed(7)),
    );
  }
  row(
    "worst",
    names.map((name) => (worst[name] * TOLERANCE).toExponential(1)),
  );
  return worst;
}

/** Rounds of a turn of each side, with the machine's speed around each. */
async function alternate(sides: readonly Side[], gauge: Gauge, first: number, count: number): Promise<Round[]> {
  const rounds: Round[] = [];
  const measure = async () => {
    await pause(SETTLE_MS);
    return gauge.measure();
  };
  let speed = await measure();
  for (let i = 0; i < count; i++) {
    const turns: Turn[] = [];
    const speeds = [speed];
    for (const side of sides) {
      await pause(SETTLE_MS);
      turns.push(await side.ask<Turn>({ command: "step", turn: first + i }));
      speed = await measure();
      speeds.push(speed);
    }
    rounds.push({ turns, speeds });
  }
  return rounds;
}

/** Times of each side's turns in ms. */
function sideTimesOf(rounds: readonly Round[], shares: StepFactory["shares"]): number[][] {
  const sides = Math.max(2, ...rounds.map(({ turns }) => turns.length));
  return Array.from({ length: sides }, (_, side) => rounds.map(({ turns }) => turnTime(turns[side], shares)));
}

/** Times in ms: [ours, theirs]. */
type Pair = readonly [number, number];

/** A turn's time in ms: its programs', as often as each counts. */
export function turnTime({ ms }: Pick<Turn, "ms">, shares: StepFactory["shares"]): number {
  return Object.entries(shares).reduce((total, [name, share]) => total + share * ms[name], 0);
}

function medians(times: readonly Pair[]): { hale_ms: number; torch_ms: number; ratio: number } {
  const [ours, theirs] = [median(times.map(([hale]) => hale)), median(times.map(([, torch]) => torch))];
  return { hale_ms: round(ours), torch_ms: round(theirs), ratio: round(ours / theirs, 3) };
}

async function memoryOf(side: Side): Promise<number> {
  return (await side.ask<{ mb: number }>({ command: "memory" })).mb;
}

function report(result: StepResult, say: (line: string) => void): void {
  const { verdict, machine_gflops: speed } = result;
  say(
    `losses ${result.losses_agree ? "agree" : "DO NOT AGREE"}: relative ${TOLERANCE}, or absolute ${TOLERANCE * SMALL}`,
  );
  say(`the machine's matrix product: best ${speed.best} GFLOP/s, median ${speed.median}`);
  say(`${verdict.rounds - verdict.counted} of ${verdict.rounds} rounds dropped, because it fell during them`);
  const shown = verdict.doubt ? verdict.rounds : verdict.counted;
  say(`one turn, median of ${shown}:   hale ${result.hale_ms} ms   PyTorch ${result.torch_ms} ms`);
  say(`fastest:                hale ${result.hale_least_ms} ms   PyTorch ${result.torch_least_ms} ms`);
  for (const [name, { share, hale_ms, torch_ms, ratio }] of Object.entries(result.programs)) {
    say(`  ${`${name} (x ${round(share, 4)})`.padEnd(22)}hale ${hale_ms} ms   PyTorch ${torch_ms} ms   ${ratio}`);
  }
  say(`peak memory:            hale ${result.hale_mb} MB   PyTorch ${result.torch_mb} MB`);
  const ratios = `${result.ratio} (median of neighbours' ratios ${result.ratio_paired})`;
  say(
    `hale/PyTorch:           ${verdict.doubt ? `no verdict, since ${verdict.doubt}; measured all the same ${ratios}` : ratios}`,
  );
  const { bfloat16 } = result;
  if (bfloat16) say(`PyTorch in bfloat16:    ${bfloat16.torch_ms} ms, other numerics; hale/PyTorch ${bfloat16.ratio}`);
  say("");
}
