/** @file The file that a header of text names as that of its samples. */
import { HaleError } from "@hale/core";
import type { DataFile } from "../volumes/plain-text.ts";
import type { Companion } from "./reader.ts";

/** Finds it among the companions of `name`. It may be called anything: its name is not repeated in the refusal. */
export function dataOf(name: string, companion: Companion): DataFile {
  return async (fileName) => {
    const data = await companion(fileName);
    if (data) return data;
    throw new HaleError(
      "FILE_NOT_FOUND",
      `The file that holds the pixels of ${name} is not beside it.`,
      "Put header and data into one folder, under the names that they were written with.",
    );
  };
}

/** The name that `field` finds in the first bytes of a header, as a list; none where samples follow the header. */
export function namedData(bytes: Uint8Array, field: RegExp): string[] {
  const named = field.exec(new TextDecoder("iso-8859-1").decode(bytes.subarray(0, 65536)))?.[1];
  return named === undefined || named === "LOCAL" ? [] : [named];
}
