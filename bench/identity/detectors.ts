/** @file A small detector of every registered method, in grey and in colour, trained there and then on drawn phantoms. */
import { join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { type Method, methodNamed, methods } from "@hale/methods";
import { runTraining, writeRunDetector } from "@hale/training/node";
import { smallOptions } from "../../packages/methods/src/small-fixture.ts";
import type { SmallDetector } from "./answer.ts";
import { drawImages } from "./images.ts";

const ITERATIONS = 12;
/** Enough held-out normals that every detector has a threshold, and that HQ-AnoGAN can tell how its parts vary in health. */
const COUNTS = { trainNormal: 80, unlabelled: 12, valNormal: 40, testNormal: 0, testAbnormal: 0 };
const FALSE_ALARM_RATE = 0.1;

/**
 * Trains in `folder`, which keeps nothing of use afterwards but the detectors, those of the methods named in `only`, or of all. `say`
 * is told what is being done.
 */
export async function trainDetectors(
  folder: string,
  say: (line: string) => void,
  only?: readonly string[],
): Promise<SmallDetector[]> {
  const data = join(folder, "phantoms");
  await writePhantomSet(data, { seed: 5, size: 40, counts: COUNTS });
  const detectors: SmallDetector[] = [];
  for (const method of only?.map(methodNamed) ?? methods.values()) {
    for (const channels of [1, 3] as const) {
      say(`Training ${method.name} in ${channels === 1 ? "grey" : "colour"} ...`);
      detectors.push(await trainOne(folder, data, method, channels));
    }
  }
  return detectors;
}

async function trainOne(folder: string, data: string, method: Method, channels: 1 | 3): Promise<SmallDetector> {
  const run = join(folder, `${method.name}-${channels}`);
  const finished = await runTraining(run, {
    ...{ data, method: method.name, options: smallOptions(method.name), size: 32, channels },
    ...{ seed: 7, device: "cpu", threads: 1, falseAlarmRate: FALSE_ALARM_RATE, every: 100, keep: 1, corrupt: "refuse" },
    ...(method.learning === "gradient" && { iterations: ITERATIONS, selection: "last" }),
  });
  const file = join(run, "detector.hale");
  const card = await writeRunDetector(finished, file);
  return { method: method.name, card, file, images: drawImages(channels) };
}
