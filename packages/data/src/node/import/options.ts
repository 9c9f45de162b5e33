/** @file What an import is asked for. */

export interface ImportOptions {
  /** The data set's folder: new, empty, or that of an earlier import with the same key. */
  out: string;
  /** The key's file; `defaultKeyFile()` unless given. Made where it is missing. */
  key?: string;
  /** A table of labels (CSV). */
  labels?: string;
  /** Names of folders below `abnormal/` that are classes. None unless given. */
  classes?: readonly string[];
  /** Its first group, on a file's path, is the patient's id where the file has none. */
  patientPattern?: RegExp;
  allowBurnedIn?: boolean;
  /** Stacks and volumes with fewer slices are left out. 1 unless given. */
  minSlices?: number;
  /** Look and plan, and write nothing. */
  dryRun?: boolean;
  /** Ends the import after the present scan, with all tables written. */
  signal?: AbortSignal;
  onProgress?: (stage: "looking" | "writing", done: number, total: number) => void;
}
