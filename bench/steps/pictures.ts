/** @file Pictures to train on, where only their kind matters. */
import type { Random } from "@hale/core";
import type { StepConfig } from "../step.ts";

/** A batch of smooth images in [-1, 1]: a few waves of low frequency and a little noise. */
export function smoothPictures({ batch, size }: Pick<StepConfig, "batch" | "size">, random: Random): Float32Array {
  const data = new Float32Array(batch * size * size);
  for (let n = 0; n < batch; n++) {
    const waves = Array.from({ length: 4 }, () => [
      random.uniform() * 4,
      random.uniform() * 4,
      random.uniform() * 6.28,
    ]);
    for (let i = 0; i < size * size; i++) {
      const x = (i % size) / size;
      const y = Math.floor(i / size) / size;
      const wave = waves.reduce((total, [fx, fy, phase]) => total + Math.sin(6.28 * (fx * x + fy * y) + phase), 0);
      data[n * size * size + i] = 0.22 * wave + 0.1 * (random.uniform() - 0.5);
    }
  }
  return data;
}
