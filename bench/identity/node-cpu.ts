/** @file The reference: Node's CPU, as `hale score` uses it. */
import { Detector } from "@hale/detector";
import { readDetectorBytes } from "@hale/detector/node";
import { openDevice } from "@hale/runtime/node";
import type { Answer, Runtime } from "./answer.ts";
import { look } from "./look.ts";

export const nodeCpu: Runtime = {
  name: "node-cpu",
  async answers(detectors, onDetector) {
    const device = await openDevice({ kind: "cpu", threads: 1 });
    const answers: Answer[][] = [];
    for (const { file, images } of detectors) {
      const detector = await Detector.load(await readDetectorBytes(file), device, file);
      answers.push(await look(detector, images));
      await detector.release();
      onDetector?.(answers.length);
    }
    return answers;
  },
};
