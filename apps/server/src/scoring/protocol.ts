/** @file What is said between the server and the processes that score. */
import type { ErrorCode } from "@hale/core";
import type { Card } from "@hale/detector";
import type { Row } from "@hale/scoring";
import type { SentFile } from "@hale/scoring/node";
import type { Way } from "./way.ts";

/** The files that may be asked for beside the rows. */
export const INCLUDES = ["map", "overlay", "healthy", "curve", "objects"] as const;
export type Include = (typeof INCLUDES)[number];

/** What is to be scored: the files of one request or job. */
export interface Order {
  id: number;
  files: readonly SentFile[];
  include: readonly Include[];
  way: Way;
  /** Folder for the files that are made; null where none are asked for. */
  out: string | null;
  /** Targets that have a row already. */
  from: number;
}

export type ToWorker =
  | { kind: "load"; file: string; name: string; threads: number }
  /** Together; `careful`: one target after the other, so that it is known which one ends the process. */
  | { kind: "score"; orders: readonly Order[]; careful: boolean }
  | { kind: "cancel"; id: number };

export interface Told {
  code: ErrorCode;
  fault: string;
  remedy: string;
  setting?: string;
}

export type FromWorker =
  | { kind: "ready"; card: Card }
  | { kind: "refused"; error: Told }
  /** The targets of an order, as rows call them. */
  | { kind: "began"; id: number; files: readonly string[] }
  /** With the names of the files that were made since the last. */
  | { kind: "row"; id: number; row: Row; outputs: readonly string[] }
  | { kind: "note"; id: number; sentence: string }
  | { kind: "done"; id: number }
  /** `error` is null for a defect of ours. */
  | { kind: "failed"; id: number; error: Told | null }
  /** Where something unforeseen was thrown, without its words. */
  | { kind: "defect"; place: string }
  | { kind: "idle" };
