/** @file The detector of a finished run, as a file. */
import { writeAtomic } from "@hale/core/node";
import type { Card } from "@hale/detector";
import { seenPath, writeSeen } from "@hale/detector/node";
import { openDevice } from "@hale/runtime/node";
import { type DetectorOptions, makeRunDetector } from "../run/finish.ts";
import type { FinishedRun } from "../run/run.ts";

/** Packs the detector of a run and writes it to `path`, and hashes of its images beside it. Returns its card. */
export async function writeRunDetector(run: FinishedRun, path: string, options: DetectorOptions = {}): Promise<Card> {
  const device = await openDevice({ kind: "cpu", threads: run.settings.threads });
  const { bytes, card, seen } = await makeRunDetector(run, device, options);
  await writeAtomic(path, bytes);
  await writeSeen(seenPath(path), seen, bytes);
  return card;
}
