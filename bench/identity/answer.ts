/** @file What a runtime says of images, and what a runtime is to the comparison. Browser-safe: a page answers so too. */
import { type Card, type Decision, decide } from "@hale/detector";
import type { Raster } from "@hale/imaging";

export interface Answer {
  score: number;
  decision: Decision | null;
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
  return decide(score, threshold?.value ?? null);
}
