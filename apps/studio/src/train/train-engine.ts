/** @file The work behind the view, in a worker of its own: a data set is opened, a run trained, kept runs told and erased. */
import "../engine/jitless.ts";
import { HaleError } from "@hale/core";
import type { Card } from "@hale/detector";
import { openGuardedReader } from "@hale/imaging/web";
import {
  eraseOldTabRuns,
  eraseTabRun,
  eraseTabRuns,
  folderData,
  keepTabRun,
  type LossLine,
  listTabRuns,
  phantomData,
  type RunData,
  type RunEvents,
  type TabChoice,
  type TabEstimate,
  type TabFile,
  type TabRun,
  TabTrainer,
  tabSettings,
} from "@hale/training/web";
import { transfer } from "comlink";
import { type Outcome, outcomeOf } from "../engine/outcome.ts";

/** A data set, as the page tells it. */
export interface OpenedData {
  name: string;
  normals: number;
  unlabelled: number;
  /** Labelled images of the test part. */
  test: number;
  warnings: string[];
}

/** What is known after a few steps, before the run begins in earnest. */
export interface ToldPlan {
  train: number;
  unlabelled: number;
  selection: number;
  threshold: number;
  /** Trainable values; 0 for a fit. */
  parameters: number;
  seconds: number;
  resumedAt: number;
  notes: string[];
}

export interface TrainEvents {
  activity(text: string): void;
  plan(plan: ToldPlan): void;
  /** Steps since the last call, and the seconds that are left. */
  steps(lines: LossLine[], iterations: number, secondsLeft: number): void;
  selection(iteration: number, pseudoAuc: number): void;
  saved(iteration: number): void;
  picture(file: string, png: Uint8Array): void;
}

export type Ended =
  | { kind: "paused"; iteration: number }
  | { kind: "detector"; iteration: number; bytes: Uint8Array; card: Card };

/** Steps go to the page together. */
const STEPS_EVERY_MS = 250;
/** Phantoms that are drawn where nobody has images at hand. */
const PHANTOMS = {
  seed: 20_261,
  size: 64,
  counts: { trainNormal: 80, unlabelled: 80, valNormal: 40, testNormal: 10, testAbnormal: 10 },
};

export class TrainEngine {
  private readonly trainer: TabTrainer;
  private data: RunData | null = null;
  private decide: ((begin: boolean) => void) | null = null;

  constructor(private readonly assets: string) {
    this.trainer = new TabTrainer({ assets });
  }

  openPhantoms(): Promise<Outcome<OpenedData>> {
    return outcomeOf(() => this.opened(phantomData(PHANTOMS)));
  }

  openFolder(files: readonly TabFile[]): Promise<Outcome<OpenedData>> {
    return outcomeOf(async () => this.opened(await folderData(files, openGuardedReader({ assets: this.assets }))));
  }

  chooseDevice() {
    return this.trainer.chooseDevice();
  }

  estimate(choice: TabChoice): Promise<Outcome<TabEstimate>> {
    return outcomeOf(async () => {
      const { items } = this.theData().dataset;
      const learnt = items.filter(({ split, label }) => split === "train" && label !== 1).length;
      const heldOut = items.filter(({ split, label }) => split === "val" && label === 0).length;
      return this.trainer.estimate(tabSettings(choice), { learnt, heldOut });
    });
  }

  /** Reads the images, tries a few steps and tells the plan; goes on when `begin` is called. */
  start(id: string, choice: TabChoice, stored: boolean, events: TrainEvents): Promise<Outcome<Ended>> {
    const run = () => ({ id, settings: tabSettings(choice), data: this.theData(), stored });
    return this.training(events, (told, control) => this.trainer.start(run(), told, control), id);
  }

  resume(id: string, events: TrainEvents): Promise<Outcome<Ended>> {
    return this.training(events, (told, control) => this.trainer.resume(id, told, control), id);
  }

  /** The answer to a plan. */
  begin(yes: boolean): void {
    this.decide?.(yes);
    this.decide = null;
  }

  pause(): void {
    this.begin(false);
    this.trainer.pause();
  }

  stop(): void {
    this.trainer.stop();
  }

  forget(id: string): void {
    this.trainer.forget(id);
  }

  /** Runs that this browser keeps; those whose time is over are erased first. */
  runs(): Promise<Outcome<TabRun[]>> {
    return outcomeOf(async () => {
      await eraseOldTabRuns();
      return listTabRuns();
    });
  }

  keep(id: string, kept: boolean): Promise<Outcome<void>> {
    return outcomeOf(() => keepTabRun(id, kept));
  }

  erase(id: string): Promise<Outcome<void>> {
    return outcomeOf(() => eraseTabRun(id));
  }

  /** How many are left, since they are trained just now. */
  eraseAll(): Promise<Outcome<number>> {
    return outcomeOf(() => eraseTabRuns());
  }

  private theData(): RunData {
    if (this.data) return this.data;
    throw new HaleError("DATASET_EMPTY", "No data set is open.", "Choose a folder, or draw phantoms.");
  }

  private opened(data: RunData): OpenedData {
    this.data = data;
    const { name, items, warnings } = data.dataset;
    const count = (test: (item: (typeof items)[number]) => boolean) => items.filter(test).length;
    return {
      name,
      normals: count(({ label, split }) => label === 0 && split !== "test"),
      unlabelled: count(({ label, split }) => label === null && split === "train"),
      test: count(({ label, split }) => label !== null && split === "test"),
      warnings,
    };
  }

  private training(
    events: TrainEvents,
    train: (events: RunEvents, control: Parameters<TabTrainer["resume"]>[2]) => ReturnType<TabTrainer["resume"]>,
    id: string,
  ): Promise<Outcome<Ended>> {
    let waiting: LossLine[] = [];
    let last = 0;
    let latest = { iterations: 0, secondsLeft: 0 };
    const flush = () => {
      if (waiting.length > 0) events.steps(waiting, latest.iterations, latest.secondsLeft);
      waiting = [];
      last = performance.now();
    };
    return outcomeOf(async () => {
      // Those of before a pause.
      const before = await this.trainer.losses(id);
      const outcome = await train(
        {
          onProgress: (what, done, total) => events.activity(`${what}: ${done} of ${total}`),
          onStep({ iteration, iterations, losses, secondsLeft }) {
            waiting.push({ iteration, seconds: 0, ...losses });
            latest = { iterations, secondsLeft };
            if (performance.now() - last > STEPS_EVERY_MS) flush();
          },
          onSelection: ({ iteration, pseudoAuc }) => events.selection(iteration, pseudoAuc),
          onCheckpoint: (iteration) => events.saved(iteration),
          onPicture: (file, png) => events.picture(file, png),
        },
        {
          proceed: async ({ partition, parameters, seconds, resumedAt, notes }) => {
            const { train, unlabelled, selection, threshold } = partition;
            if (resumedAt > 0) {
              waiting.push(...before.filter((line) => line.iteration <= resumedAt && !("selection/pseudoAuc" in line)));
            }
            const agreed = new Promise<boolean>((resolve) => {
              this.decide = resolve;
            });
            events.plan({
              ...{ parameters, seconds, resumedAt, notes },
              ...{ train: train.length, unlabelled: unlabelled.length },
              ...{ selection: selection.length, threshold: threshold.length },
            });
            if (!(await agreed)) throw new Declined();
            events.activity("Training");
          },
        },
      ).catch((error: unknown) => {
        if (error instanceof Declined) return null;
        throw error;
      });
      flush();
      if (!outcome) return { kind: "paused", iteration: 0 };
      return outcome.kind === "paused" ? outcome : transfer(outcome, [outcome.bytes.buffer as ArrayBuffer]);
    });
  }
}

/** The user has said no to a plan. */
class Declined extends Error {}
