/** @file What a runtime says of images, and what a runtime is to the comparison. Browser-safe: a page answers so too. */
import type { Card } from "@hale/detector";
import type { Raster } from "@hale/imaging";

export interface Answer {
  score: number;
  decision: "normal" | "abnormal" | null;
  /** The anomaly map, row-major. */
  map: readonly number[];
}

export interface SmallDetector {
  method: string;
  card: Card;
  /** The `.hale` file. */
  file: string;
  /** Pictures of its number of channels. */
  images: readonly Raster[];
}

export interface Runtime {
  name: "node-cpu" | "python" | "chromium-wasm" | "chromium-webgpu";
  /** Opens each detector, and has it look at each of its images. `onDetector` is told how many are done. */
  answers(detectors: readonly SmallDetector[], onDetector?: (done: number) => void): Promise<Answer[][]>;
}

/** How a detector of this card decides. */
export function decisionOf(score: number, { threshold }: Card): Answer["decision"] {
  if (threshold === null) return null;
  return score > threshold.value ? "abnormal" : "normal";
}
