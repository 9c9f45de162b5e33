/** @file What the tests of the augmentation share: noise, smooth pictures, and runs on the CPU. */
import { input, Program, State } from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { type AugmentationSpec, augment, augmentationArrays, augmentationInputs } from "../pipe.ts";
import type { Transformation } from "../transforms.ts";

const device = await openDevice({ threads: 1 });

/** White noise in [-1, 1]: whatever goes wrong shows. */
export function noiseImages(count: number, { size, channels }: { size: number; channels: number }): Float32Array {
  return new Random(2, "images").uniforms(count * channels * size * size, -1, 1);
}

/** A smooth picture as a function of the place in pixels around the centre. */
export const wave = (x: number, y: number) => 0.6 * Math.sin(0.25 * x + 0.1 * y) + 0.3 * Math.cos(0.22 * y - 0.5);

/** Values of a function of the place at the pixels, row by row. */
export function picture(size: number, value: (x: number, y: number) => number): Float32Array {
  const middle = (size - 1) / 2;
  return Float32Array.from({ length: size * size }, (_, i) =>
    value((i % size) - middle, Math.floor(i / size) - middle),
  );
}

/** Images after one transformation each, on the CPU. */
export async function transformed(
  images: Float32Array,
  transformations: readonly Transformation[],
  spec: AugmentationSpec,
): Promise<Float32Array> {
  const batch = transformations.length;
  const arrays = augmentationArrays(new Random(3, "noise"), transformations, spec);
  return onCpu(images, arrays, { ...spec, batch });
}

/** Images after what the arrays say, on the CPU. */
export async function onCpu(
  images: Float32Array,
  arrays: Record<string, Float32Array>,
  spec: AugmentationSpec & { batch: number },
): Promise<Float32Array> {
  const { batch, channels, size } = spec;
  const result = augment(input("x", [batch, channels, size, size]), augmentationInputs(spec));
  const program = await Program.compile(new State(device), { name: "augment", outputs: { result } });
  const outputs = await program.run({ x: images, ...arrays });
  await program.release();
  return outputs.result;
}

/** Largest and mean absolute difference, over the elements that are asked for. */
export function difference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  where: (i: number) => boolean = () => true,
): { largest: number; mean: number } {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} values.`);
  const errors = Array.from(a, (v, i) => (where(i) ? Math.abs(v - b[i]) : -1)).filter((error) => error !== -1);
  return {
    largest: errors.reduce((x, y) => Math.max(x, y), 0),
    mean: errors.reduce((x, y) => x + y, 0) / errors.length,
  };
}

/** Whether a pixel is at least `border` away from the borders. */
export function isInside(size: number, border: number): (i: number) => boolean {
  const within = (place: number) => place >= border && place < size - border;
  return (i) => within(i % size) && within(Math.floor(i / size) % size);
}
