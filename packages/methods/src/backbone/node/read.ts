/** @file Backbones on disk, for Node. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { readBackbone } from "../backbone-file.ts";
import type { Backbone } from "../description.ts";
import { importOnnx, type ListedLayer, listOnnx, type OnnxImportOptions } from "../onnx/import-onnx.ts";
import { readPlainModel } from "../plain-model.ts";

/** Twice what the largest network of this kind has (VGG-19). */
const MOST_BYTES = 2 ** 30;

async function bytesOf(path: string, remedy: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= MOST_BYTES) return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new HaleError("FILE_NOT_FOUND", `There is no file ${path}.`, remedy, { cause });
    throw new HaleError("FILE_UNREADABLE", `The file ${path} cannot be read.`, "Check that it is a readable file.", {
      cause,
    });
  }
  throw new HaleError(
    "FILE_UNREADABLE",
    `The file ${path} is larger than ${MOST_BYTES / 2 ** 20} MiB.`,
    "Give a smaller network.",
  );
}

/** Reads a folder with `model.json` and `weights.bin`; throws FILE_NOT_FOUND and what `readPlainModel` throws. */
export async function readPlainFolder(folder: string): Promise<Backbone> {
  const remedy = "Give the folder that has model.json and weights.bin.";
  const text = new TextDecoder().decode(await bytesOf(join(folder, "model.json"), remedy));
  return readPlainModel(text, await bytesOf(join(folder, "weights.bin"), remedy), folder);
}

/** Reads a backbone's ONNX file; throws FILE_NOT_FOUND and what `readBackbone` throws. */
export async function readBackboneFile(path: string): Promise<Backbone> {
  return readBackbone(await bytesOf(path, "Name the file of an imported backbone."), path);
}

const ONNX_REMEDY = "Give an ONNX file, or a folder that has model.json and weights.bin.";

/** Reads an ONNX file that another program wrote; throws FILE_NOT_FOUND and what `importOnnx` throws. */
export async function importOnnxFile(
  path: string,
  options: OnnxImportOptions = {},
  onNote?: (sentence: string) => void,
): Promise<Backbone> {
  return importOnnx(await bytesOf(path, ONNX_REMEDY), path, options, onNote);
}

/** Lists the layers of an ONNX file that another program wrote; throws FILE_NOT_FOUND and what `listOnnx` throws. */
export async function listOnnxFile(path: string, size?: number): Promise<{ size: number; layers: ListedLayer[] }> {
  return listOnnx(await bytesOf(path, ONNX_REMEDY), path, size);
}
