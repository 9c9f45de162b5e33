/** @file A loaded detector looks at pictures: the same in Node and in a page. */
import type { Detector } from "@hale/detector";
import type { Raster } from "@hale/imaging";
import type { Answer } from "./answer.ts";

export async function look(detector: Detector, images: readonly Raster[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const image of images) {
    const { score, decision, anomalyMap } = await detector.examine(image);
    answers.push({ score, decision, map: Array.from(anomalyMap.data) });
  }
  return answers;
}
