/** @file A convolution's geometry, as ops and their lowerings know it. */

/** A convolution's geometry, complete: the input's and output's spatial sizes decide what the stride leaves open. */
export interface ConvGeometry {
  stride: number;
  pad: number;
  groups: number;
  /** [height, width] of the input side. */
  input: readonly [number, number];
  /** [height, width] of the output side. */
  output: readonly [number, number];
  /** [height, width] of the kernel. */
  kernel: readonly [number, number];
}
