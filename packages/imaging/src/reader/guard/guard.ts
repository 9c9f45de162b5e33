/**
 * @file Reading that can be ended. Files are read one after another in a worker; one that takes more than its time or
 * memory costs the worker its life, the file a refusal, and the next file nothing but a new worker. A thread that
 * decodes cannot be asked to stop: ending it is the only way that always works.
 */
import { HaleError } from "@hale/core";
import type { DicomObject } from "../../formats/dicom/read.ts";
import type { ImageFile } from "../../formats/image-file.ts";
import type { Raster } from "../../raster/raster.ts";
import type { FileSummary } from "../summary.ts";
import { buffersOf, type FileSource, type ReadAnswer, type Readings, type ReadRequest } from "./protocol.ts";

/** Milliseconds that reading one file may take. */
export const READ_MILLISECONDS = 30_000;
/** Bytes that memory may grow by while one file is read (6 GB). */
export const READ_MEMORY_BYTES = 6 * 2 ** 30;
/** Milliseconds that a worker may take to start: its scripts and codecs are loaded, on whatever machine. */
const START_MILLISECONDS = 60_000;
/** Milliseconds in which an answer that came while this thread was busy may still be heard, after the time is over. */
const GRACE = 50;
/** Milliseconds between looks at the memory. */
const LOOK_EVERY = 25;

/** A worker, as the guard sees it. */
export interface Link {
  post(message: ReadRequest, handOver: ArrayBuffer[]): void;
  /** Ends the thread at once, whatever it does. */
  end(): void;
  /** An idle worker must not keep the process alive; a busy one is waited for. */
  busy(is: boolean): void;
}

export interface LinkEvents {
  answered(answer: ReadAnswer): void;
  /** The worker is no more, and not because `end` was called. */
  died(why: "memory" | "crash", cause: unknown): void;
}

export interface GuardOptions {
  /** Milliseconds a file; the worker's own start is not counted. */
  milliseconds?: number;
  /** Milliseconds for the worker's own start. */
  startMilliseconds?: number;
  /** Bytes that memory may grow by while a file is read. */
  memoryBytes?: number;
}

/** Reads files one after another in a worker that can be ended. `close` it when done. */
export interface GuardedReader {
  /**
   * The file's contents. Its arrays are handed over from the worker, not copied. With `give` the given bytes are handed
   * over too, and are empty afterwards. Throws what `readImageFile` throws, IMAGE_TOO_SLOW and IMAGE_TOO_LARGE.
   */
  read(source: FileSource, name: string, give?: boolean): Promise<ImageFile>;
  /** What `hale probe` says of a file; throws as `read` does. */
  summarise(source: FileSource, name: string, give?: boolean): Promise<FileSummary>;
  /** The same for a DICOM file: throws what `readDicom` throws, IMAGE_TOO_SLOW and IMAGE_TOO_LARGE. */
  dicom(source: FileSource, name: string, give?: boolean): Promise<DicomObject>;
  /** The same for a PNG, JPEG or TIFF: throws what `decodeImage` throws, IMAGE_TOO_SLOW and IMAGE_TOO_LARGE. */
  picture(source: FileSource, name: string, give?: boolean): Promise<Raster>;
  /** Ends the worker. A reading under way is refused. */
  close(): void;
}

/** How a reading can end without an answer. */
type Ending = "slow" | "memory" | "crashed" | "closed";

/** A worker that is ready, and what settles the reading under way. */
interface Running {
  link: Link;
  settle: ((outcome: ReadAnswer | Ending) => void) | null;
}

/** A guard over workers that `open` starts. `memoryUsed`: bytes in use now, where that can be known. */
export function guard(
  open: (events: LinkEvents) => Link,
  {
    milliseconds = READ_MILLISECONDS,
    startMilliseconds = START_MILLISECONDS,
    memoryBytes = READ_MEMORY_BYTES,
  }: GuardOptions = {},
  memoryUsed: (() => number) | null = null,
): GuardedReader {
  let worker: Promise<Running> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** A worker that starts. One that fails to is not kept: the next file tries again. */
  function start(): Promise<Running> {
    const started = new Promise<Running>((resolve, reject) => {
      let link: Link | null = null;
      const clock = setTimeout(() => {
        link?.end();
        reject(new Error(`it did not start within ${startMilliseconds / 1000} s`));
      }, startMilliseconds);
      const forget = () => {
        clearTimeout(clock);
        if (worker === started) worker = null;
      };
      const events: LinkEvents = {
        answered(answer) {
          if (answer.kind !== "ready") return running.settle?.(answer);
          clearTimeout(clock);
          resolve(running);
        },
        died(why, cause) {
          forget();
          reject(cause);
          running.settle?.(why === "memory" ? why : "crashed");
        },
      };
      const running = { settle: null } as unknown as Running;
      try {
        link = open(events);
        running.link = link;
      } catch (error) {
        clearTimeout(clock);
        reject(error);
      }
    });
    started.catch(() => {
      if (worker === started) worker = null;
    });
    return started;
  }

  async function ask(request: ReadRequest, give: boolean): Promise<ReadAnswer> {
    if (closed) throw endingError("closed", request.name);
    worker ??= start();
    const mine = worker;
    let running: Running;
    try {
      running = await mine;
    } catch (cause) {
      throw notStarted(request.name, cause);
    }
    // It was closed, or died, between its start and now.
    if (worker !== mine) throw endingError(closed ? "closed" : "crashed", request.name);
    const { link } = running;
    const outcome = await new Promise<ReadAnswer | Ending>((resolve, reject) => {
      // From the first look on: asking takes half as long as decoding a small picture, which is over before.
      let before: number | null = null;
      const timers: ReturnType<typeof setTimeout>[] = [];
      let look: ReturnType<typeof setInterval> | null = null;
      /** Of this request alone: nothing that comes late can settle another. */
      const settle = (result: ReadAnswer | Ending) => {
        if (!tidy()) return;
        resolve(result);
      };
      /** False where this request is over already. */
      const tidy = () => {
        if (running.settle !== settle) return false;
        running.settle = null;
        for (const timer of timers) clearTimeout(timer);
        if (look) clearInterval(look);
        link.busy(false);
        return true;
      };
      const stop = (why: Ending) => {
        if (running.settle !== settle) return;
        if (worker === mine) worker = null;
        link.end();
        settle(why);
      };
      running.settle = settle;
      timers.push(
        setTimeout(() => {
          // When this thread itself was held up, the answer may be waiting behind this very call.
          timers.push(setTimeout(() => stop("slow"), GRACE));
        }, milliseconds),
      );
      const lookAt = (used: number) => {
        before ??= used;
        if (used - before > memoryBytes) stop("memory");
      };
      look = memoryUsed && setInterval(() => lookAt(memoryUsed()), LOOK_EVERY);
      link.busy(true);
      try {
        const source = ownBytes(request.source);
        link.post({ ...request, source }, handedOver(source, request.source, give));
      } catch (error) {
        tidy();
        reject(notSent(request.name, error));
      }
    });
    if (typeof outcome === "string") throw endingError(outcome, request.name);
    if (outcome.kind === "refused") {
      throw new HaleError(outcome.code, outcome.fault, outcome.remedy, { setting: outcome.setting });
    }
    if (outcome.kind === "defect") throw defect(request.name, outcome.what);
    return outcome;
  }

  function endingError(why: Ending, name: string): HaleError {
    if (why === "slow") return tooSlow(name, milliseconds);
    if (why === "memory") return tooMuchMemory(name, memoryBytes);
    return defect(name, why === "closed" ? "the reader was closed" : "the worker that read it ended");
  }

  /** One after another: the worker is one, and so is the budget. */
  function inTurn(request: ReadRequest, give: boolean): Promise<ReadAnswer> {
    const turn = last.then(() => ask(request, give));
    last = turn.catch(() => {});
    return turn;
  }

  async function want<W extends keyof Readings>(
    want: W,
    source: FileSource,
    name: string,
    give = false,
  ): Promise<Readings[W]> {
    const answer = await inTurn({ source, name, want }, give);
    if (answer.kind !== "read") throw defect(name, "the worker answered another question");
    return answer.value as Readings[W];
  }

  return {
    read: (source, name, give) => want("file", source, name, give),
    summarise: (source, name, give) => want("summary", source, name, give),
    dicom: (source, name, give) => want("dicom", source, name, give),
    picture: (source, name, give) => want("picture", source, name, give),
    close() {
      closed = true;
      const going = worker;
      worker = null;
      going
        ?.then((running) => {
          running.link.end();
          running.settle?.("closed");
        })
        .catch(() => {});
    },
  };
}

/** Bytes that are a window of a larger buffer (an entry of an archive), copied: a message takes whole buffers. */
function ownBytes(source: FileSource): FileSource {
  if ("path" in source) return source;
  const own = (bytes: Uint8Array) => (bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes);
  const { companions } = source;
  return {
    bytes: own(source.bytes),
    ...(companions && {
      companions: Object.fromEntries(Object.entries(companions).map(([name, bytes]) => [name, own(bytes)])),
    }),
  };
}

/** The buffers to hand over: all where they are given away, else those that were copied for this message. */
function handedOver(sent: FileSource, asked: FileSource, give: boolean): ArrayBuffer[] {
  const buffers = buffersOf(sent);
  if (give) return buffers;
  const kept = new Set(buffersOf(asked));
  return buffers.filter((buffer) => !kept.has(buffer));
}

function tooSlow(name: string, milliseconds: number): HaleError {
  return new HaleError(
    "IMAGE_TOO_SLOW",
    `The image ${name} took longer than ${milliseconds / 1000} s to read, and reading was ended.`,
    "It may be damaged, or made to stop its reader. Export it again, without compression if you can.",
  );
}

function tooMuchMemory(name: string, memoryBytes: number): HaleError {
  return new HaleError(
    "IMAGE_TOO_LARGE",
    `Reading the image ${name} took more memory than it may (${Math.round(memoryBytes / 2 ** 20)} MB), and was ended.`,
    "It may be damaged, or made to fill memory. Export it again, in parts if it is that large.",
  );
}

/** The reader's fault or the machine's, not the file's. */
function notStarted(name: string, cause: unknown): HaleError {
  return new HaleError(
    "FILE_UNREADABLE",
    `The image ${name} was not read: the worker that reads files could not be started.`,
    "Try again. If it happens again, the installation is incomplete or the machine is short of memory.",
    { cause },
  );
}

/** The bytes were handed over before, or there is no memory for a copy. */
function notSent(name: string, cause: unknown): HaleError {
  return new HaleError(
    "FILE_UNREADABLE",
    `The image ${name} was not read: its bytes could not be handed to the worker that reads files.`,
    "Open the file again.",
    { cause },
  );
}

/** Not the file's fault alone: the reader should have refused it. */
function defect(name: string, what: string): HaleError {
  return new HaleError(
    "IMAGE_CORRUPT",
    `The image ${name} cannot be read: ${what}.`,
    "Take it out; if other programs read it, please report the fault with the file.",
  );
}
