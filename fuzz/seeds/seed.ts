/** @file What a seed is: a sound small file, and where it is worth lying. */

/** Files of every kind that is read; `zip` is one of DICOM files. */
export const KINDS = ["dicom", "nifti", "nrrd", "metaimage", "png", "jpeg", "tiff", "hale", "zip", "dicomdir"] as const;
export type Kind = (typeof KINDS)[number];

/** A whole number in a file that says how long, how many or of what type something is. */
export interface Field {
  at: number;
  bytes: 1 | 2 | 4 | 8;
  little: boolean;
}

export interface Seed {
  kind: Kind;
  name: string;
  /** What is mutated. */
  bytes: Uint8Array;
  /** Makes a file of the mutated bytes: mends checksums, compresses, packs. The bytes are the file where there is none. */
  seal?: (bytes: Uint8Array) => Uint8Array;
  /** Decoded by WebAssembly. */
  codec: boolean;
  fields: Field[];
  /** Files beside it. */
  companions?: Record<string, Uint8Array>;
  /** The name it is read under: the halves of a pair find each other by it. */
  file?: string;
}

/** `count` fields of the same width, one after another. */
export function fieldsAt(at: number, bytes: Field["bytes"], little: boolean, count = 1): Field[] {
  return Array.from({ length: count }, (_, i) => ({ at: at + i * bytes, bytes, little }));
}

export const ramp = (length: number, below: number) => Array.from({ length }, (_, i) => (i * 37) % below);
