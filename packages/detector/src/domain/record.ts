/**
 * @file What a card keeps of the look of the training images: of each part of a description what is usual (gaussian.ts),
 * and how far from it an image may be. It holds no image's own description. Fitting: fit.ts; comparing: check.ts.
 */
import * as z from "zod";
import { PARTS, type Part } from "./description.ts";
import type { Gaussian } from "./gaussian.ts";

/** Directions of most variance that are kept of each part. */
export const MOST_DIRECTIONS = 16;

/** Numbers of a Gaussian: mean, directions, their variances, the rest. */
const valuesOf = (width: number, directions: number) => width + directions * (width + 1) + 1;
const BYTES = 4;

/** A Gaussian of a part, as float32 in base64. */
const gaussian = (part: Part) =>
  z
    .string()
    .max(4 * Math.ceil((valuesOf(PARTS[part], MOST_DIRECTIONS) * BYTES) / 3))
    .refine((text) => decodeGaussian(text, PARTS[part]) !== null, "is no description of the part");

const positive = z.number().positive();

export const domainSchema = z.strictObject({
  /** Normals that it was made from. */
  images: z.int().min(1),
  usual: z.strictObject({
    structure: gaussian("structure"),
    texture: gaussian("texture"),
    brightness: gaussian("brightness"),
    colour: gaussian("colour"),
  }),
  /** Median distances of normals that the Gaussians had not seen: distances are measured in these. */
  medians: z.strictObject({ structure: positive, texture: positive }),
  /** Beyond any of these an image is unlike the training images. */
  limits: z.strictObject({
    /** Structure and texture together. */
    appearance: positive,
    brightness: positive,
    colour: positive,
    /** How much farther the image may be than the same with black and white exchanged, or upside down. */
    inverted: positive,
    upsideDown: positive,
  }),
});

export type DomainRecord = z.infer<typeof domainSchema>;

export function encodeGaussian({ mean, directions, variances, rest }: Gaussian): string {
  const values = Float32Array.from([...mean, ...directions.flatMap((row) => [...row]), ...variances, rest]);
  const view = new DataView(new ArrayBuffer(values.length * BYTES));
  for (const [i, value] of values.entries()) view.setFloat32(i * BYTES, value, true);
  let text = "";
  for (const byte of new Uint8Array(view.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Null for what is not a Gaussian of vectors of `width` numbers. */
export function decodeGaussian(text: string, width: number): Gaussian | null {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
  const count = (bytes.length / BYTES - width - 1) / (width + 1);
  if (!Number.isInteger(count) || count < 0 || count > MOST_DIRECTIONS) return null;
  const view = new DataView(bytes.buffer);
  const values = Float64Array.from({ length: bytes.length / BYTES }, (_, i) => view.getFloat32(i * BYTES, true));
  if (!values.every(Number.isFinite)) return null;
  const after = width + count * width;
  const variances = [...values.subarray(after, after + count)];
  const rest = values[after + count];
  if (![...variances, rest].every((variance) => variance > 0)) return null;
  return {
    mean: values.slice(0, width),
    directions: Array.from({ length: count }, (_, k) => values.slice(width + k * width, width + (k + 1) * width)),
    variances,
    rest,
  };
}
