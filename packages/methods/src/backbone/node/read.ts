/** @file Backbones on disk, for Node. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HaleError } from "@hale/core";
import { readBackbone } from "../backbone-file.ts";
import type { Backbone } from "../description.ts";
import { readPlainModel } from "../plain-model.ts";

async function bytesOf(path: string, remedy: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT")
      throw new HaleError("FILE_NOT_FOUND", `There is no file ${path}.`, remedy, { cause });
    throw new HaleError("FILE_UNREADABLE", `The file ${path} cannot be read.`, "Check that it is a readable file.", {
      cause,
    });
  }
}

/** Reads a folder with `model.json` and `weights.bin`; throws FILE_NOT_FOUND and what `readPlainModel` throws. */
export async function readPlainFolder(folder: string): Promise<Backbone> {
  const remedy = "Give the folder that has model.json and weights.bin.";
  const text = new TextDecoder().decode(await bytesOf(join(folder, "model.json"), remedy));
  return readPlainModel(text, await bytesOf(join(folder, "weights.bin"), remedy), folder);
}

/** Reads a backbone's ONNX file; throws FILE_NOT_FOUND and what `readBackbone` throws. */
export async function readBackboneFile(path: string): Promise<Backbone> {
  return readBackbone(await bytesOf(path, "Make it with hale backbone import."), path);
}
