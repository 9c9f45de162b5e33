/** @file The frames of DICOM sources that slices come from, read only where objects are to refer to them. */
import { HaleError } from "@hale/core";
import type { SourceFrame, SourceInstance } from "@hale/imaging/dicom-objects";

/** Reads what written objects need to know of a DICOM file; throws a HaleError where it does not say enough. */
export type SourceReader = (bytes: Uint8Array, name: string) => SourceInstance;

/** The source, or what was wrong with it for whoever asks; the bytes are not kept. */
export function sourceOrFault(readSource: SourceReader, bytes: Uint8Array, name: string): () => SourceInstance {
  try {
    const source = readSource(bytes, name);
    return () => source;
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    return () => {
      throw error;
    };
  }
}

/** The frames of one DICOM file, in its own order. */
export function framesOf(bytes: Uint8Array, name: string, readSource: SourceReader): () => SourceFrame[] {
  const source = sourceOrFault(readSource, bytes, name);
  return () => allFrames(source());
}

/** Every frame of a source, in order. */
const allFrames = (instance: SourceInstance): SourceFrame[] =>
  Array.from({ length: instance.frames }, (_, k) => ({ instance, frame: k + 1 }));
