/**
 * @file The sizes of StyleGAN2's networks, from which everything else follows.
 */

export interface Architecture {
  /** Side of the images, a power of two from 16 to 1024. */
  size: number;
  channels: 1 | 3;
  /** Dimensions of the latents z and w. */
  latent: number;
  /** Dense layers between z and w. */
  mappingLayers: number;
  /** Channels at resolution r are base / r, at most `maxChannels`. */
  base: number;
  maxChannels: number;
}

/** Resolutions 4, 8, ..., size. */
export function resolutions({ size }: Pick<Architecture, "size">): number[] {
  return Array.from({ length: Math.log2(size) - 1 }, (_, i) => 4 * 2 ** i);
}

export function channelsAt({ base, maxChannels }: Architecture, resolution: number): number {
  return Math.min(Math.floor(base / resolution), maxChannels);
}

/** Style vectors of an image, L: one a convolution, and one for the last layer to colours. */
export function styleCount({ size }: Pick<Architecture, "size">): number {
  return 2 * Math.log2(size) - 2;
}

/** Whether there are networks of that size. */
export function isSize(size: number): boolean {
  return size >= 16 && size <= 1024 && Number.isInteger(Math.log2(size));
}

/** Resolutions of the noise inputs, in order of the convolutions: one at 4, two at every other. */
export function noiseSides(architecture: Pick<Architecture, "size">): number[] {
  return resolutions(architecture).flatMap((r) => (r === 4 ? [r] : [r, r]));
}
