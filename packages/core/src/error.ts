/**
 * @file The one error that hale throws on purpose. It says what is wrong and what to do, so that the command line,
 * the server and the page can all show the same sentence; anything else that escapes is a defect of ours. Which codes
 * concern what is told here too, so that nobody tells it by the look of a code.
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
  | "DETECTOR_TOO_COSTLY"
  | "STATISTIC_UNSUPPORTED"
  | "DEVICE_UNAVAILABLE"
  | "NUMERIC_FAILURE";

export interface HaleErrorOptions {
  cause?: unknown;
  /**
   * Name of the setting that would remedy it, such as "normalisation": a command says which flag that is, a page which
   * field. Remedies themselves name neither.
   */
  setting?: string;
}

/** A fault with its remedy. `message` is one or two sentences: what is wrong, then what to do. */
export class HaleError extends Error {
  override readonly name = "HaleError";
  readonly setting: string | undefined;

  constructor(
    readonly code: ErrorCode,
    /** What is wrong, naming the file or setting. */
    readonly fault: string,
    /** What the user can do about it. */
    readonly remedy: string,
    { setting, ...options }: HaleErrorOptions = {},
  ) {
    super(`${fault} ${remedy}`, options);
    this.setting = setting;
  }
}

function withCode<C extends ErrorCode>(codes: readonly C[]) {
  const known: readonly ErrorCode[] = codes;
  return (error: unknown): error is HaleError & { readonly code: C } =>
    error instanceof HaleError && known.includes(error.code);
}

const IMAGE = ["IMAGE_CORRUPT", "IMAGE_UNSUPPORTED", "IMAGE_TOO_LARGE", "IMAGE_TOO_SLOW"] as const;
const FILE = ["FILE_NOT_FOUND", "FILE_UNREADABLE"] as const;

/** A file that cannot be read, or is no image that can be: the fault of that file, and of no other. */
export const isUnreadableImage = withCode([...FILE, ...IMAGE]);

/** An image that cannot be read, or that a detector cannot examine; it may examine others. */
export const concernsOneImage = withCode([...FILE, ...IMAGE, "SHAPE_MISMATCH", "DETECTOR_MISMATCH", "NUMERIC_FAILURE"]);

/** An image that does not allow what was asked for, such as a DICOM object of it; it may allow others. */
export const isNotAllowed = withCode([...IMAGE, "OPTION_INVALID"]);

/** What a reader may say of bytes, whatever they are: damaged, of an unknown kind, too large, or half of a pair. */
export const isRefusalOfBytes = withCode([
  "IMAGE_CORRUPT",
  "IMAGE_UNSUPPORTED",
  "IMAGE_TOO_LARGE",
  "DETECTOR_CORRUPT",
  "DETECTOR_MISMATCH",
  "DETECTOR_TOO_COSTLY",
  "FILE_NOT_FOUND",
]);
