/**
 * @file The one error that hale throws on purpose. It says what is wrong and what to do, so that the command line,
 * the server and the page can all show the same sentence; anything else that escapes is a defect of ours.
 */

/** Stable, machine-readable reasons. `--json` prints them; tests match on them. */
export type ErrorCode =
  | "FILE_NOT_FOUND"
  | "FILE_UNREADABLE"
  | "FILE_UNWRITABLE"
  | "DISK_FULL"
  | "IMAGE_CORRUPT"
  | "IMAGE_UNSUPPORTED"
  | "IMAGE_TOO_LARGE"
  | "IMAGE_TOO_SLOW"
  | "DATASET_EMPTY"
  | "DATASET_INVALID"
  | "RUN_BUSY"
  | "OPTION_INVALID"
  | "SHAPE_MISMATCH"
  | "CHECKPOINT_CORRUPT"
  | "CHECKPOINT_MISMATCH"
  | "DETECTOR_CORRUPT"
  | "DETECTOR_MISMATCH"
  | "STATISTIC_UNSUPPORTED"
  | "DEVICE_UNAVAILABLE"
  | "NUMERIC_FAILURE";

/** A fault with its remedy. `message` is one or two sentences: what is wrong, then what to do. */
export class HaleError extends Error {
  override readonly name = "HaleError";

  constructor(
    readonly code: ErrorCode,
    /** What is wrong, naming the file or option. */
    readonly fault: string,
    /** What the user can do about it. */
    readonly remedy: string,
    options?: { cause?: unknown },
  ) {
    super(`${fault} ${remedy}`, options);
  }
}
