/**
 * @file What is said between a page or process and the worker that reads its files. The same words in Node and
 * browsers; only how a worker is started differs (node/guarded.ts, web/guarded.ts).
 */
import { HaleError } from "@hale/core";
import type { DicomObject } from "../../formats/dicom/read.ts";
import type { ImageFile } from "../../formats/image-file.ts";
import type { Raster } from "../../raster/raster.ts";
import type { FileSummary } from "../summary.ts";

/** Where the bytes of a file are. A path is read by the worker itself, in Node only. */
export type FileSource =
  | { path: string }
  | {
      bytes: Uint8Array;
      /** Files beside it, by bare name: the data of a header that stands alone. */
      companions?: Readonly<Record<string, Uint8Array>>;
    };

/** What can be asked of a file. */
export interface Readings {
  /** All of it, of any kind. */
  file: ImageFile;
  /** What `hale probe` says of it. */
  summary: FileSummary;
  /** A DICOM object with what sorting and references need. */
  dicom: DicomObject;
  /** A plain picture. */
  picture: Raster;
}

export interface ReadRequest {
  /** For errors only. */
  name: string;
  source: FileSource;
  want: keyof Readings;
}

export type ReadAnswer =
  | { kind: "ready" }
  | { kind: "read"; value: Readings[keyof Readings] }
  | { kind: "refused"; code: HaleError["code"]; fault: string; remedy: string; setting?: string }
  /** Something else than a refusal was thrown: a defect of a reader. */
  | { kind: "defect"; what: string };

/** The answer for whatever was thrown. */
export function answerTo(thrown: unknown): ReadAnswer {
  if (thrown instanceof HaleError) {
    const { code, fault, remedy, setting } = thrown;
    return { kind: "refused", code, fault, remedy, setting };
  }
  return { kind: "defect", what: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown) };
}

/** The buffers of typed arrays anywhere in `value`, each once: handed over with a message, not copied. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) buffersOf(inner, found);
  }
  return [...found];
}
