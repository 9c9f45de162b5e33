/**
 * @file Random shapes of convolutions for `ops.test.ts`: small ones of every geometry, and such as take the blocked
 * kernels and each form of the weight gradient.
 */
import fc, { type Arbitrary } from "fast-check";
import type { Tensor } from "../tensor.ts";
import { conv2d, convTranspose2d } from "./convolution.ts";
import type { OpCase } from "./op-case-fixture.ts";

const size = (low: number, high: number) => fc.integer({ min: low, max: high });

const convShapes = (transposed: boolean, kernel: Arbitrary<number> = size(1, 4)) =>
  fc
    .record({
      n: size(1, 3),
      groups: size(1, 3),
      inPerGroup: size(1, 6),
      outPerGroup: size(1, 3),
      height: size(4, 8),
      width: size(4, 8),
      kh: kernel,
      kw: kernel,
      stride: size(1, 3),
      pad: size(0, 2),
      outputPadding: size(0, 1),
    })
    .map(({ n, groups, inPerGroup, outPerGroup, height, width, kh, kw, stride, pad: padding, outputPadding }) => {
      const p = Math.min(padding, Math.min(kh, kw) - 1);
      const channels = groups * inPerGroup;
      const x = [n, channels, height, width];
      if (!transposed) {
        const w = [groups * outPerGroup, inPerGroup, kh, kw];
        return { inputs: [x, w], build: ([a, b]: Tensor[]) => conv2d(a, b, { stride, pad: p, groups }) };
      }
      const w = [channels, outPerGroup, kh, kw];
      const extra = Math.min(outputPadding, stride - 1);
      return {
        inputs: [x, w],
        build: ([a, b]: Tensor[]) => convTranspose2d(a, b, { stride, pad: p, groups, outputPadding: extra }),
      };
    });

interface LargeShapes {
  images: Arbitrary<number>;
  inputs: Arbitrary<number>;
  outputs: Arbitrary<number>;
  /** Height and width. */
  sides: Arbitrary<number[]>;
  /** Kernel, stride, padding. */
  geometry: Arbitrary<[number, number, number]>;
}

/** Both convolutions at sizes whose derivatives are left to `conv2d` and `convTranspose2d`. */
const large = (name: string, runs: number, shapes: LargeShapes): OpCase[] =>
  [conv2d, convTranspose2d].map((op) => ({
    name: `${op.name}, ${name}`,
    runs,
    derivatives: false,
    shapes: fc.record(shapes).map(({ images, inputs, outputs, sides, geometry: [kernel, stride, pad] }) => ({
      inputs: [
        [images, inputs, ...sides],
        op === convTranspose2d ? [inputs, outputs, kernel, kernel] : [outputs, inputs, kernel, kernel],
      ],
      build: ([x, w]) => op(x, w, { stride, pad }),
    })),
  }));

export const convCases: OpCase[] = [
  { name: "conv2d", shapes: convShapes(false), runs: 20 },
  {
    name: "conv2d with a bias",
    shapes: fc.tuple(size(1, 3), fc.constantFrom(2, 8, 20), size(6, 12)).map(([n, o, side]) => ({
      inputs: [[n, 3, side, side], [o, 3, 3, 3], [o]],
      build: ([x, w, b]) => conv2d(x, w, { pad: 1 }, b),
    })),
  },
  {
    name: "conv2d 7x7",
    shapes: convShapes(false, fc.constant(7)).filter(({ inputs }) => inputs[0][2] >= 7 && inputs[0][3] >= 7),
    runs: 3,
  },
  { name: "convTranspose2d", shapes: convShapes(true), runs: 20 },
  // Large enough for the blocked kernels and for every way of sharing shifts in the weight gradient.
  ...large("many channels", 8, {
    images: size(2, 4),
    inputs: fc.constantFrom(1, 3, 8, 16, 24, 68),
    outputs: fc.constantFrom(1, 8, 16, 24, 68),
    sides: fc.constantFrom(8, 9, 12).map((side) => [side, side]),
    geometry: fc.constantFrom<[number, number, number][]>([3, 1, 1], [4, 2, 1], [1, 1, 0], [5, 1, 2], [3, 2, 1]),
  }),
  // Images enough to take the part of channels in the blocked weight gradient.
  ...large("many images", 16, {
    images: fc.constantFrom(8, 10, 16, 32),
    inputs: fc.constantFrom(1, 3, 16),
    outputs: fc.constantFrom(1, 16, 32),
    sides: fc.tuple(fc.constantFrom(4, 5, 8), fc.constantFrom(4, 6, 7)),
    geometry: fc.constantFrom<[number, number, number][]>([3, 1, 1], [4, 2, 1], [1, 1, 0], [3, 2, 1], [2, 3, 1]),
  }),
  // Winograd's products, also where they would not pay: unfinished tiles, every padding, channels in blocks and not.
  ...[true, false].flatMap((small) =>
    large(small ? "by Winograd's products" : "by Winograd's products, many channels", small ? 12 : 6, {
      images: size(1, 3),
      inputs: small ? size(1, 5) : fc.constantFrom(3, 16, 32),
      outputs: small ? size(1, 5) : fc.constantFrom(5, 16, 48),
      sides: small ? fc.tuple(size(3, 9), size(3, 9)) : fc.tuple(fc.constantFrom(4, 6, 48), fc.constantFrom(8, 50)),
      geometry: small
        ? fc.constantFrom<[number, number, number][]>([3, 1, 0], [3, 1, 1], [3, 1, 2])
        : fc.constant<[number, number, number]>([3, 1, 1]),
    }).map((opCase) => ({ ...opCase, derivatives: small, numerics: { winogradAlways: true } })),
  ),
];
