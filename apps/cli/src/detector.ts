/**
 * @file A detector as commands open it: whoever made the file, it is loaded under a watch that ends the process when loading takes
 * too long or too much memory. What it costs to score an image is known by then: the model was bounded, and has scored one.
 */
import { watched } from "@hale/core/node";
import { Detector, LOAD_MEMORY_BYTES, LOAD_MILLISECONDS, tooCostly } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import type { Device } from "@hale/runtime";
import { wordsOf } from "./words.ts";

/** Reads and loads it; `json` as the command has it. Throws what `readDetectorBytes` and `Detector.load` throw. */
export async function openDetectorFile(
  file: string,
  device: Device,
  json = false,
): Promise<{ detector: Detector; bytes: Uint8Array }> {
  const bytes = await readDetectorBytes(file);
  const limits = { milliseconds: LOAD_MILLISECONDS, memoryBytes: LOAD_MEMORY_BYTES };
  const last = (fault: string) => wordsOf(tooCostly(file, fault), json);
  const detector = await watched(() => Detector.load(bytes, device, file), limits, {
    slow: last(`it took longer than ${LOAD_MILLISECONDS / 1000} s to load`),
    memory: last(`it took more than ${LOAD_MEMORY_BYTES / 2 ** 30} GB of memory to load`),
  });
  return { detector, bytes };
}
