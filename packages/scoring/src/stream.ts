/**
 * @file From targets to rows: while images are examined the next are read, pictures of equal size go through the network
 * together, and rows come in the order of the targets. Memory is bounded, however many targets there are. One image that
 * cannot be scored has a row that says why, and ends nothing.
 */
import { concernsOneImage } from "@hale/core";
import { batchSize, type Detector, refuseBlank } from "@hale/detector";
import type { Raster } from "@hale/imaging";
import { ahead } from "./ahead.ts";
import { refusePicture } from "./asked.ts";
import { Batches, WINDOW } from "./batches.ts";
import { pictureFiles } from "./outputs.ts";
import { errorRow, pictureRow, type Row } from "./row.ts";
import { type ScanSettings, scoreScan } from "./scan.ts";
import type { Opened, Target } from "./target.ts";

export interface ScoringOptions extends ScanSettings {
  /** Throw at the first image that cannot be scored, instead of giving its row. */
  strict?: boolean;
  /** Ends the work after what is under way; the iteration then throws the signal's reason. */
  signal?: AbortSignal;
  /** Targets that are opened at once: as many as there are readers. */
  readers?: number;
  /** Sentences about what was left out or is to be looked at, before the row that they concern. */
  onNote?: (sentence: string) => void;
}

/** Targets, or slices of a volume, from which on threads are worth their start. */
const MANY = 24;
/** Targets beyond the last row that was given which may be opened; more than images wait for others of their size. */
const AHEAD = 4 * WINDOW;
/** Bytes of decoded images that may wait or be examined before the next is opened (256 MB). */
const AHEAD_BYTES = 2 ** 28;
/** Bytes of images that may wait for others of their size. */
const WAITING_BYTES = AHEAD_BYTES / 4;

type Outcome = { row: Row; notes: string[] } | { error: unknown };

/** A picture on its way. */
interface Waiting {
  target: Target;
  raster: Raster;
  settle(outcome: Outcome): void;
}

/**
 * Rows of the targets, in their order, as soon as they are known. Throws what is no fault of one image (disks, devices),
 * and with `strict` what is; the signal's reason once it is aborted. Whoever leaves the iteration early ends the work.
 */
export async function* scoreTargets(
  detector: Detector,
  targets: readonly Target[],
  options: ScoringOptions = {},
): AsyncGenerator<Row, void, undefined> {
  const { signal, strict = false, onNote = () => {} } = options;
  signal?.throwIfAborted();
  const scoring = new Scoring(detector, targets, options);
  try {
    for (const [i, { file }] of targets.entries()) {
      const outcome = await scoring.outcome(i);
      if ("error" in outcome) {
        if (strict || !concernsOneImage(outcome.error)) throw outcome.error;
        yield errorRow(detector.card, file, outcome.error);
      } else {
        for (const note of outcome.notes) onNote(note);
        yield outcome.row;
      }
    }
  } finally {
    await scoring.end();
  }
}

/** The work behind the rows. */
class Scoring {
  private readonly stop = new AbortController();
  /** Once it is aborted nothing more is begun, and its reason is the outcome of whatever is asked for. */
  private readonly ended = this.stop.signal;
  /** Outcomes that were not asked for yet, and who waits for one. */
  private readonly outcomes = new Map<number, Outcome>();
  private readonly asked = new Map<number, (outcome: Outcome) => void>();
  private given = 0;
  private readonly batches = new Batches<Waiting>();
  private waitingBytes = 0;
  private bytes = 0;
  private readonly running = new Set<Promise<void>>();
  private wakers: (() => void)[] = [];
  private ready: Promise<void> | null = null;
  private readonly reading: Promise<void>;

  constructor(
    private readonly detector: Detector,
    private readonly targets: readonly Target[],
    private readonly options: ScoringOptions,
  ) {
    options.signal?.addEventListener("abort", () => this.finish(options.signal!.reason), {
      once: true,
      signal: this.ended,
    });
    if (targets.length >= MANY) this.openThreads();
    // It throws for defects of ours alone, which must not leave anyone waiting.
    this.reading = this.read().catch((defect: unknown) => this.finish(defect));
  }

  /** What became of target `i`; asked for once each, in order. */
  async outcome(i: number): Promise<Outcome> {
    const known = this.outcomes.get(i) ?? (this.ended.aborted ? failed(this.ended.reason) : undefined);
    const outcome = known ?? (await new Promise<Outcome>((resolve) => this.asked.set(i, resolve)));
    this.outcomes.delete(i);
    this.given = i + 1;
    this.changed();
    return outcome;
  }

  /** Starts nothing more, and waits for what is under way. */
  async end(): Promise<void> {
    this.finish(undefined);
    await this.reading;
    await Promise.all(this.running);
  }

  private finish(reason: unknown): void {
    this.stop.abort(reason);
    for (const resolve of this.asked.values()) resolve(failed(this.ended.reason));
    this.asked.clear();
    this.changed();
  }

  /** Without threads of its own it goes as well, more slowly. */
  private openThreads(): void {
    this.ready ??= this.detector.openThreads().catch(() => {});
  }

  private settle(i: number, outcome: Outcome): void {
    const resolve = this.asked.get(i);
    if (!resolve) this.outcomes.set(i, outcome);
    else {
      this.asked.delete(i);
      resolve(outcome);
    }
  }

  private changed(): void {
    for (const wake of this.wakers.splice(0)) wake();
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!this.ended.aborted && !condition()) {
      await new Promise<void>((resolve) => {
        this.wakers.push(resolve);
      });
    }
  }

  /** Opens targets and hands them on. */
  private async read(): Promise<void> {
    const open = async (target: Target): Promise<Opened | { fault: unknown }> => {
      await this.until(() => this.bytes < AHEAD_BYTES);
      return target.open().catch((fault: unknown) => ({ fault }));
    };
    const room = (i: number) => this.until(() => i < this.given + AHEAD);
    for await (const [i, opened] of ahead(this.targets, open, this.options.readers ?? 1, room, this.ended)) {
      await this.handOn(i, opened);
      for (const batch of this.batches.overdue(i)) await this.examine(batch);
    }
    for (const batch of this.batches.rest()) await this.examine(batch);
  }

  private async handOn(i: number, opened: Opened | { fault: unknown }): Promise<void> {
    const target = this.targets[i];
    const settle = (outcome: Outcome) => this.settle(i, outcome);
    if ("fault" in opened) return settle({ error: opened.fault });
    if (opened.kind === "scan") {
      const size = opened.scan.stored.byteLength;
      if (opened.scan.size[2] >= MANY) this.openThreads();
      this.bytes += size;
      return this.start(async () => {
        const notes = [...(opened.notes ?? [])].map((note) => `${target.file}: ${note}`);
        const events = { note: (sentence: string) => notes.push(sentence), onSlice: () => this.ended.throwIfAborted() };
        const scored = scoreScan(this.detector, opened, target, this.options, events);
        settle(await scored.then((row): Outcome => ({ row, notes }), failed));
        this.bytes -= size;
      });
    }
    const { raster } = opened;
    try {
      refusePicture(this.detector, target.file);
      refuseBlank(raster, target.file);
    } catch (error) {
      return settle({ error });
    }
    const { channels, size: side } = this.detector.card.image;
    this.bytes += raster.data.byteLength;
    this.waitingBytes += raster.data.byteLength;
    const batch = this.batches.add(
      { target, raster, settle },
      raster,
      i,
      batchSize(raster.width, raster.height, channels, side),
    );
    if (batch) await this.examine(batch);
    if (this.waitingBytes > WAITING_BYTES) for (const rest of this.batches.rest()) await this.examine(rest);
  }

  /** Starts to work on a batch once there is a place for it. */
  private examine(batch: Waiting[]): Promise<void> {
    const size = batch.reduce((sum, { raster }) => sum + raster.data.byteLength, 0);
    this.waitingBytes -= size;
    return this.start(async () => {
      const outcomes = await this.rowsOf(batch);
      for (const [k, { settle }] of batch.entries()) settle(outcomes[k]);
      this.bytes -= size;
    });
  }

  private async start(work: () => Promise<void>): Promise<void> {
    await this.ready;
    // One more than can run, so that none waits for this thread.
    await this.until(() => this.running.size <= this.detector.parallel);
    if (this.ended.aborted) return;
    const run = work().finally(() => {
      this.running.delete(run);
      this.changed();
    });
    this.running.add(run);
  }

  /** Together, or where that fails one by one, to find whose fault it is. Never throws. */
  private async rowsOf(batch: readonly Waiting[]): Promise<Outcome[]> {
    try {
      return await this.rowsTogether(batch);
    } catch (error) {
      if (batch.length === 1) return [{ error }];
      const outcomes: Outcome[] = [];
      for (const one of batch) outcomes.push(...(await this.rowsTogether([one]).catch((fault) => [failed(fault)])));
      return outcomes;
    }
  }

  private async rowsTogether(batch: readonly Waiting[]): Promise<Outcome[]> {
    const { detector, options } = this;
    const { card } = detector;
    const rasters = batch.map(({ raster }) => raster);
    if (!options.maps) {
      const verdicts = await detector.score(rasters);
      return batch.map((one, k) => this.pictureOutcome(one, pictureRow(card, one.target.file, verdicts[k])));
    }
    const findings = await detector.examineBatch(rasters);
    const outcomes: Outcome[] = [];
    for (const [k, one] of batch.entries()) {
      for (const output of pictureFiles(card, findings[k], one.target.name)) await options.maps(output);
      outcomes.push(this.pictureOutcome(one, pictureRow(card, one.target.file, findings[k])));
    }
    return outcomes;
  }

  /** With what is to be said of the picture; where DICOM objects were asked for, that there are none of it. */
  private pictureOutcome({ target: { file }, raster }: Waiting, row: Row): Outcome {
    const notes = fewBits(file, raster);
    if (!this.options.objects) return { row, notes };
    const reason = "It is a plain picture: DICOM objects are made of DICOM files alone.";
    notes.push(`${file}: no DICOM objects. ${reason}`);
    return { row: { ...row, objects: { dicom: {}, leftOut: [{ object: "all", reason }] } }, notes };
  }
}

const failed = (error: unknown): Outcome => ({ error });

/** Values from here on need more than 12 bits, the most that scanners have. */
const MORE_THAN_12_BITS = 4096;

/**
 * A note on a picture of 16 bits whose values all fit into 12 or fewer: most likely they were not stretched when it was
 * written, and it is almost black to the detector.
 */
function fewBits(file: string, { maxValue, data }: Raster): string[] {
  if (maxValue !== 65535 || data.some((value: number) => value >= MORE_THAN_12_BITS)) return [];
  let brightest = 0;
  for (const value of data) brightest = Math.max(brightest, value);
  if (brightest === 0) return [];
  return [
    `${file} has 16 bits, and its brightest value is ${brightest} of 65535: if it holds 12 bits or fewer, stretch them to the full range, for its score is that of an almost black picture.`,
  ];
}
