/**
 * @file hale in Node: detectors and images on disk.
 *
 * ```js
 * import { openDetector } from "hale/node";
 *
 * const detector = await openDetector("detector.hale");
 * const { score, decision } = await detector.scoreFile("scan.dcm");
 * console.log(score, decision);
 * ```
 */
import { basename } from "node:path";
import type { Card, Detector } from "@hale/detector";
import { readDetector } from "@hale/detector/node";
import { type NodeDeviceOptions, openDevice } from "@hale/runtime/node";
import { type Row, scoreTargets } from "@hale/scoring";
import { findTargets, openFile } from "@hale/scoring/node";
import { type ScoreSettings, scoreOne, scoringOptions } from "../score-one.ts";

export { readDetector } from "@hale/detector/node";
export { openDevice } from "@hale/runtime/node";
export { findTargets, folderSink, openFile, openObjects } from "@hale/scoring/node";
export * from "../index.ts";

/** A detector that scores files. */
export interface FileDetector {
  readonly card: Card;
  /** For images that are in memory. */
  readonly detector: Detector;
  /** The row of one picture or scan. Throws the HaleError of a file that cannot be read or scored. */
  scoreFile(path: string, settings?: ScoreSettings): Promise<Row>;
  /**
   * Rows of files, folders and globs in their order; DICOM files of a folder are put together into their series. A file
   * that cannot be scored has a row that says why.
   */
  scoreFiles(patterns: readonly string[], settings?: ScoreSettings): AsyncGenerator<Row, void, undefined>;
  /** Frees the device's memory. */
  release(): Promise<void>;
}

/**
 * Opens a `.hale` file, by `onnxruntime-node` or `onnxruntime-web`, whichever is installed. Throws FILE_NOT_FOUND,
 * DETECTOR_CORRUPT or DETECTOR_MISMATCH for the file, and DEVICE_UNAVAILABLE with what to install.
 */
export async function openDetector(path: string, options: NodeDeviceOptions = {}): Promise<FileDetector> {
  const detector = await readDetector(path, await openDevice(options));
  return {
    card: detector.card,
    detector,
    scoreFile: (file, settings = {}) =>
      scoreOne(detector, { file, name: basename(file), open: () => openFile(file) }, settings),
    async *scoreFiles(patterns, settings = {}) {
      yield* scoreTargets(detector, await findTargets(patterns), scoringOptions(detector, settings));
    },
    release: () => detector.release(),
  };
}
