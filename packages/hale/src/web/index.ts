/**
 * @file hale in pages: detectors by address or bytes, and files that the page was given. Files are read in a worker, models
 * run in WebAssembly or WebGPU, and nothing leaves the page.
 *
 * ```js
 * import { openDetector } from "hale/web";
 *
 * const detector = await openDetector("/detector.hale");
 * const { score, decision } = await detector.scoreFile(input.files[0]);
 * console.log(score, decision);
 * ```
 */
import { HaleError } from "@hale/core";
import { type Card, Detector } from "@hale/detector";
import { openGuardedReader } from "@hale/imaging/web";
import { openDevice, type WebDeviceOptions } from "@hale/runtime/web";
import { type Row, scoreTargets } from "@hale/scoring";
import { fileTarget, type NamedBlob } from "@hale/scoring/web";
import { type ScoreSettings, scoreOne, scoringOptions } from "../score-one.ts";

export { openGuardedReader } from "@hale/imaging/web";
export { openDevice } from "@hale/runtime/web";
export { fileTarget } from "@hale/scoring/web";
export * from "../index.ts";

/**
 * `assets` is a folder that serves ONNX Runtime's files, the worker and the decoders under their own names, ending in a
 * slash; without one they are where the page's bundler has put them.
 */
export type WebDetectorOptions = WebDeviceOptions;

/** A detector that scores files that a page has. */
export interface FileDetector {
  readonly card: Card;
  /** For images that are in memory. */
  readonly detector: Detector;
  /** The row of one picture or scan. Throws the HaleError of a file that cannot be read or scored. */
  scoreFile(file: NamedBlob, settings?: ScoreSettings): Promise<Row>;
  /** Rows of files in their order. A file that cannot be scored has a row that says why. */
  scoreFiles(files: Iterable<NamedBlob>, settings?: ScoreSettings): AsyncGenerator<Row, void, undefined>;
  /** Ends the worker and frees the device's memory. */
  release(): Promise<void>;
}

/**
 * Opens a `.hale` file from its address or bytes. Throws FILE_NOT_FOUND where the server has none, DETECTOR_CORRUPT or
 * DETECTOR_MISMATCH for the file, and DEVICE_UNAVAILABLE where the page lacks what it runs on.
 */
export async function openDetector(
  source: string | URL | Blob | Uint8Array,
  options: WebDetectorOptions = {},
): Promise<FileDetector> {
  const device = await openDevice(options);
  const detector = await Detector.load(await bytesOf(source), device, nameOf(source));
  const reader = openGuardedReader({ assets: options.assets });
  return {
    card: detector.card,
    detector,
    scoreFile: (file, settings = {}) => scoreOne(detector, fileTarget(file, reader), settings),
    async *scoreFiles(files, settings = {}) {
      const targets = [...files].map((file) => fileTarget(file, reader));
      yield* scoreTargets(detector, targets, scoringOptions(detector, settings));
    },
    async release() {
      reader.close();
      await detector.release();
    },
  };
}

function nameOf(source: string | URL | Blob | Uint8Array): string | undefined {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  return "name" in source ? String(source.name) : undefined;
}

async function bytesOf(source: string | URL | Blob | Uint8Array): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source);
  if (!response.ok) {
    throw new HaleError(
      "FILE_NOT_FOUND",
      `There is no detector at ${source}: the server answers ${response.status}.`,
      "Check the address.",
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
