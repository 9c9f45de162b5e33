/**
 * @file The work behind the page, in a worker of its own: detectors are loaded, files found and read, images scored and
 * looked at. It keeps where files are, and of pixels those of the image that is looked at alone.
 */
import "./jitless.ts";
import { HaleError } from "@hale/core";
import type { DatasetCheck } from "@hale/data";
import { type Card, Detector } from "@hale/detector";
import type { GuardedReader } from "@hale/imaging";
import { openGuardedReader } from "@hale/imaging/web";
import { openDevice } from "@hale/runtime/web";
import { findSources, type GivenFile, type ImageSource, type SourceRow, scoreSources } from "@hale/scoring/web";
import { checkFiles, filesBelow, pictureOf } from "./check.ts";
import { drawExamples, type Example } from "./examples.ts";
import { dicomObjects, type ExportedFile, mapOf, volumeOf } from "./exports.ts";
import { ImageLook } from "./look.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { ImageView, ShownPicture } from "./views.ts";

/** A detector that is loaded. */
export interface OpenedDetector {
  card: Card;
  file: string;
  bytes: number;
  threads: number;
}

/** A source as the table first shows it. */
export interface ListedSource {
  id: number;
  file: string;
  series: boolean;
}

/** Rows go to the page together, so that ten thousand do not wake it ten thousand times. */
const ROWS_EVERY = 120;

export class Engine {
  private detector: Detector | null = null;
  private file: Uint8Array | null = null;
  private sources: ImageSource[] = [];
  private reader: GuardedReader;
  private scoring: AbortController | null = null;
  private finding: AbortController | null = null;
  private look: ImageLook | null = null;
  private checked: { name: string; blobs: Map<string, Blob>; control: AbortController } | null = null;

  constructor(private readonly assets: string) {
    this.reader = openGuardedReader({ assets });
  }

  /** Loads a `.hale` file; the one before goes. */
  open(source: Blob | string, name: string): Promise<Outcome<OpenedDetector>> {
    return outcomeOf(async () => {
      const bytes = await bytesOf(source, name);
      const device = await openDevice({ assets: this.assets });
      const detector = await Detector.load(bytes, device, name);
      this.stop();
      this.look = null;
      await this.detector?.release();
      this.detector = detector;
      this.file = bytes;
      return { card: detector.card, file: name, bytes: bytes.length, threads: device.threads };
    });
  }

  /** Adds what was given to the sources; ids go on from those before. */
  add(
    files: readonly GivenFile[],
    onProgress: (done: number, total: number) => void,
  ): Promise<Outcome<{ listed: ListedSource[]; others: number }>> {
    return outcomeOf(async () => {
      this.finding = new AbortController();
      const { sources, others } = await findSources(files, onProgress, this.finding.signal);
      const first = this.sources.length;
      this.sources.push(...sources);
      const listed = sources.map(({ file, series }, i) => ({ id: first + i, file, series }));
      return { listed, others: others.length };
    });
  }

  /** Forgets all sources. */
  clear(): void {
    this.stop();
    this.finding?.abort();
    this.sources = [];
    this.look = null;
  }

  /** Draws phantoms and lists them as sources. */
  addExamples(): Promise<Outcome<{ listed: ListedSource[]; examples: Example[] }>> {
    return outcomeOf(async () => {
      const examples = await drawExamples();
      const { listed } = await this.add(
        examples.map(({ name, blob }) => ({ path: name, blob })),
        () => {},
      ).then((outcome) => {
        if ("refusal" in outcome) throw new Error(outcome.refusal.fault);
        return outcome.value;
      });
      return { listed, examples };
    });
  }

  /** Scores these sources in order; rows come to `onRows` as they are known. True where all are done, false where it was stopped. */
  score(ids: readonly number[], onRows: (rows: SourceRow[]) => void): Promise<Outcome<boolean>> {
    return outcomeOf(async () => {
      const detector = this.opened();
      this.stop();
      const control = new AbortController();
      this.scoring = control;
      let waiting: SourceRow[] = [];
      let last = performance.now();
      const flush = () => {
        if (waiting.length > 0) onRows(waiting);
        waiting = [];
        last = performance.now();
      };
      const chosen = ids.map((id) => this.sources[id]);
      try {
        for await (const row of scoreSources(detector, chosen, this.reader, { signal: control.signal })) {
          waiting.push({ ...row, source: ids[row.source] });
          if (performance.now() - last > ROWS_EVERY) flush();
        }
        return true;
      } catch (error) {
        if (control.signal.aborted) return false;
        throw error;
      } finally {
        flush();
        if (this.scoring === control) this.scoring = null;
      }
    });
  }

  /** Ends scoring after what is under way. */
  stop(): void {
    this.scoring?.abort(new DOMException("stopped", "AbortError"));
  }

  /** An image, or slice `slice` of a scan (its highest where it is null), read again and examined. */
  view(id: number, part: number, slice: number | null): Promise<Outcome<ImageView>> {
    return outcomeOf(async () => {
      const detector = this.opened();
      if (!this.look?.isOf(id, part)) {
        this.look = null;
        this.look = await ImageLook.open(id, part, this.sources[id], this.reader, detector);
      }
      return this.look.view(slice);
    });
  }

  /** The map of an image or volume as a file. */
  map(id: number, part: number): Promise<Outcome<ExportedFile>> {
    return outcomeOf(() => mapOf(this.opened(), this.sources[id], part, this.reader));
  }

  /** A scan and its map as NIfTI files. */
  volume(id: number, part: number): Promise<Outcome<{ scan: Uint8Array; map: Uint8Array }>> {
    return outcomeOf(() => volumeOf(this.opened(), this.sources[id], part, this.reader));
  }

  /** DICOM objects of the DICOM sources among these, zipped, with sentences about what was left out. */
  dicom(ids: readonly number[]): Promise<Outcome<{ file: ExportedFile | null; notes: string[] }>> {
    return outcomeOf(() =>
      dicomObjects(
        this.opened(),
        this.file!,
        ids.map((id) => this.sources[id]),
        this.reader,
      ),
    );
  }

  /** Checks a data set; the one before is forgotten. */
  check(
    files: readonly GivenFile[],
    onProgress: (stage: string, done: number, total: number) => void,
  ): Promise<Outcome<DatasetCheck>> {
    this.checked?.control.abort(new HaleError("OPTION_INVALID", "The check was stopped.", "Start it again."));
    const checked = { ...filesBelow(files), control: new AbortController() };
    this.checked = checked;
    return outcomeOf(() => checkFiles(checked.name, checked.blobs, this.reader, onProgress, checked.control.signal));
  }

  /** A picture of the data set that is checked. */
  picture(path: string): Promise<Outcome<ShownPicture>> {
    return outcomeOf(() => {
      const blob = this.checked?.blobs.get(path);
      if (!blob) throw new HaleError("FILE_NOT_FOUND", `${path} is not there any more.`, "Choose the folder again.");
      return pictureOf(blob, path, this.reader);
    });
  }

  private opened(): Detector {
    if (this.detector) return this.detector;
    throw new HaleError("DETECTOR_MISMATCH", "There is no detector yet.", "Drop a .hale file first.");
  }
}

async function bytesOf(source: Blob | string, name: string): Promise<Uint8Array> {
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new HaleError("FILE_NOT_FOUND", `${name} is not where the page came from.`, "The installation is incomplete.");
}
