/** @file The files of an answer: what they are called, what they are, and where they lie. */
import { stat } from "node:fs/promises";
import { join } from "node:path";

export interface AnswerFile {
  name: string;
  type: string;
  path: string;
  bytes: number;
}

const TYPES: readonly (readonly [ending: string, type: string])[] = [
  [".png", "image/png"],
  [".svg", "image/svg+xml"],
  [".nii.gz", "application/gzip"],
  [".dcm", "application/dicom"],
];

const typeOf = (name: string) => TYPES.find(([ending]) => name.endsWith(ending))?.[1] ?? "application/octet-stream";

export function answerFiles(folder: string, names: readonly string[]): Promise<AnswerFile[]> {
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name, type: typeOf(name), path, bytes: (await stat(path)).size };
    }),
  );
}
