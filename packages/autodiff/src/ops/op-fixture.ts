/**
 * @file The cases of `ops.test.ts`: for every op, random shapes and settings, and where its samples must stay away from
 * kinks or poles.
 */

import type { Random } from "@hale/core";
import fc from "fast-check";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expand, reshape, sum } from "./broadcast.ts";
import { convCases } from "./conv-fixture.ts";
import * as elementwise from "./elementwise.ts";
import { finite } from "./finite.ts";
import { gather, scatterAdd, topIndices } from "./indexing.ts";
import { concat, embed, pad, slice, transpose } from "./layout.ts";
import { constant } from "./leaf.ts";
import { linear, matmul } from "./linear.ts";
import {
  batchNorm,
  batchNormFrozen,
  instanceNorm,
  inverseDeviation,
  layerNorm,
  scaleShift,
  standardise,
} from "./normalisation.ts";
import type { OpCase } from "./op-case-fixture.ts";
import { avgPool2d, maxPool2d } from "./pooling.ts";
import { kthLargest, max, mean, softmax, topMean } from "./reduction.ts";
import { firResample, resizeBilinear, separableResample, upsampleNearest } from "./resampling.ts";

const size = (low: number, high: number) => fc.integer({ min: low, max: high });
const shape = fc.array(size(1, 4), { minLength: 1, maxLength: 4 });
const planes = fc.tuple(size(1, 3), size(1, 3), size(2, 6), size(2, 6));

/** Away from zero by at least 0.1, where |x|, ReLU and the like have their kink. */
const offZero = (random: Random) => (random.uniform() < 0.5 ? -1 : 1) * (0.1 + random.uniform());
const positive = (random: Random) => 0.3 + random.uniform();

function unaryCase(name: string, op: (x: Tensor) => Tensor, sample?: OpCase["sample"]): OpCase {
  return { name, sample, shapes: shape.map((s) => ({ inputs: [s], build: ([x]) => op(x) })) };
}

/** Two shapes that broadcast: axes of the second may be 1 or missing. */
const broadcastPair = fc
  .tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), size(0, 2))
  .map(([s, ones, drop]) => [s, s.map((v, i) => (ones[i] ? 1 : v)).slice(Math.min(drop, s.length))] as [Shape, Shape]);

function binaryCase(name: string, op: (a: Tensor, b: Tensor) => Tensor, sample?: OpCase["sample"]): OpCase {
  return {
    name,
    sample,
    shapes: fc.tuple(broadcastPair, fc.boolean()).map(([[a, b], swap]) => ({
      inputs: swap ? [b, a] : [a, b],
      build: ([x, y]) => op(x, y),
    })),
  };
}

export const opCases: OpCase[] = [
  unaryCase("neg", elementwise.neg),
  unaryCase("exp", elementwise.exp),
  unaryCase("log", elementwise.log, positive),
  unaryCase("sqrt", elementwise.sqrt, positive),
  unaryCase("tanh", elementwise.tanh),
  unaryCase("sigmoid", elementwise.sigmoid),
  unaryCase("softplus", elementwise.softplus),
  unaryCase("abs", elementwise.abs, offZero),
  unaryCase("sign", elementwise.sign, offZero),
  unaryCase("finite", finite),
  unaryCase("reciprocal", elementwise.reciprocal, positive),
  unaryCase("relu", elementwise.relu, offZero),
  unaryCase("leakyRelu", (x) => elementwise.leakyRelu(x, 0.2), offZero),
  unaryCase("square", elementwise.square),
  {
    name: "gate",
    sample: offZero,
    shapes: fc.tuple(shape, fc.constantFrom(0, 0.01)).map(([s, slope]) => ({
      inputs: [s, s],
      build: ([g, y]) => elementwise.gate(g, y, slope),
    })),
  },
  {
    name: "prelu",
    sample: offZero,
    shapes: planes.map((s) => ({ inputs: [s, [1, s[1], 1, 1]], build: ([x, a]) => elementwise.prelu(x, a) })),
  },
  binaryCase("add", elementwise.add),
  binaryCase("sub", elementwise.sub),
  binaryCase("mul", elementwise.mul),
  binaryCase("div", elementwise.div, positive),
  binaryCase("greater", elementwise.greater),
  binaryCase("equal", (a, b) => elementwise.equal(elementwise.sign(a), elementwise.sign(b)), offZero),
  binaryCase("maximum", elementwise.maximum),
  binaryCase("minimum", elementwise.minimum),
  ...(["sum", "mean", "max"] as const).map(
    (name): OpCase => ({
      name,
      shapes: fc
        .tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.boolean())
        .map(([s, picks, keep]) => ({
          inputs: [s],
          build: ([x]) =>
            ({ sum, mean, max })[name](
              x,
              s.map((_, i) => i).filter((i) => picks[i]),
              keep,
            ),
        })),
    }),
  ),
  {
    name: "softmax",
    shapes: fc
      .tuple(shape, size(0, 3))
      .map(([s, axis]) => ({ inputs: [s], build: ([x]) => softmax(x, axis % s.length) })),
  },
  { name: "reshape", shapes: shape.map((s) => ({ inputs: [s], build: ([x]) => reshape(x, [...s].reverse()) })) },
  {
    name: "transpose",
    shapes: shape.chain((s) =>
      fc
        .shuffledSubarray(
          s.map((_, i) => i),
          { minLength: s.length },
        )
        .map((order) => ({ inputs: [s], build: ([x]: Tensor[]) => transpose(x, order) })),
    ),
  },
  { name: "expand", shapes: broadcastPair.map(([s, small]) => ({ inputs: [small], build: ([x]) => expand(x, s) })) },
  {
    name: "slice",
    shapes: fc.tuple(size(1, 4), size(3, 7), size(0, 2), size(1, 3)).map(([a, b, start, step]) => ({
      inputs: [[a, b, 2]],
      build: ([x]) => slice(x, [0, start, 1], [a, Math.floor((b - 1 - start) / step) + 1, 1], [1, step, 1]),
    })),
  },
  {
    name: "embed",
    shapes: fc.tuple(size(1, 4), size(1, 4), size(0, 2), size(1, 3), size(0, 2)).map(([a, b, start, step, rest]) => ({
      inputs: [[2, a, b]],
      build: ([x]) =>
        embed(
          x,
          [2, start + (a - 1) * step + 1 + rest, start + (b - 1) * step + 1],
          [0, start, start],
          [1, step, step],
        ),
    })),
  },
  { name: "pad", shapes: planes.map((s) => ({ inputs: [s], build: ([x]) => pad(x, [0, 0, 1, 2], [0, 1, 0, 1]) })) },
  {
    name: "concat",
    shapes: fc.tuple(planes, size(0, 3), size(1, 3)).map(([s, axis, extra]) => ({
      inputs: [s, s.map((v, i) => (i === axis ? extra : v))],
      build: (parts) => concat(parts, axis),
    })),
  },
  {
    name: "matmul",
    shapes: fc
      .tuple(
        fc.array(size(1, 3), { maxLength: 2 }),
        size(1, 4),
        size(1, 4),
        size(1, 4),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([batch, m, k, n, transposeA, transposeB, shared]) => ({
        inputs: [
          [...batch, ...(transposeA ? [k, m] : [m, k])],
          [...(shared ? [] : batch), ...(transposeB ? [n, k] : [k, n])],
        ],
        build: ([a, b]) => matmul(a, b, { transposeA, transposeB }),
      })),
  },
  {
    name: "linear",
    shapes: fc.tuple(size(1, 4), size(1, 4), size(1, 4)).map(([n, i, o]) => ({
      inputs: [[n, i], [o, i], [o]],
      build: ([x, w, b]) => linear(x, w, b),
    })),
  },
  ...convCases,
  {
    name: "maxPool2d",
    shapes: fc.tuple(planes, size(2, 3), size(1, 3), size(0, 1)).map(([[n, c, h, w], k, stride, p]) => ({
      inputs: [[n, c, h + 1, w + 1]],
      build: ([x]) => maxPool2d(x, k, { stride, pad: p }),
    })),
  },
  {
    name: "maxPool2d, tiling",
    shapes: fc.tuple(size(1, 3), size(1, 3), size(1, 3), size(1, 3), size(2, 3)).map(([n, c, h, w, k]) => ({
      inputs: [[n, c, h * k, w * k]],
      build: ([x]) => maxPool2d(x, k),
    })),
  },
  {
    name: "kthLargest",
    shapes: fc.tuple(size(1, 3), size(1, 3), size(0, 4)).map(([rows, k, more]) => ({
      inputs: [[rows, k + more]],
      build: ([x]) => kthLargest(x, k),
    })),
  },
  {
    name: "topMean",
    shapes: fc.tuple(size(1, 3), size(1, 3), size(0, 4)).map(([rows, k, more]) => ({
      inputs: [[rows, k + more]],
      build: ([x]) => topMean(x, k),
    })),
  },
  {
    name: "avgPool2d",
    shapes: fc.tuple(planes, size(2, 3), size(1, 3)).map(([[n, c, h, w], k, stride]) => ({
      inputs: [[n, c, h + 1, w + 1]],
      build: ([x]) => avgPool2d(x, k, { stride, pad: 1 }),
    })),
  },
  {
    name: "standardise",
    shapes: fc.tuple(size(1, 3), size(3, 7)).map((s) => ({ inputs: [s], build: ([x]) => standardise(x) })),
  },
  {
    name: "inverseDeviation",
    shapes: fc.tuple(size(1, 3), size(4, 7)).map((s) => ({ inputs: [s], build: ([x]) => inverseDeviation(x, 0.1) })),
  },
  {
    name: "scaleShift",
    shapes: planes.map((x) => ({ inputs: [x, [x[1]], [x[1]]], build: ([x, a, b]) => scaleShift(x, a, b) })),
  },
  {
    name: "instanceNorm",
    shapes: fc.tuple(size(1, 3), size(1, 3), size(2, 5), size(2, 5)).map(([n, c, h, w]) => ({
      inputs: [[n, c, h, w], [c], [c]],
      build: ([x, a, b]) => instanceNorm(x, a, b, 0.1),
    })),
  },
  {
    name: "layerNorm",
    shapes: fc.tuple(size(1, 3), size(2, 3), size(2, 4)).map(([n, c, h]) => ({
      inputs: [
        [n, c, h],
        [c, h],
        [c, h],
      ],
      build: ([x, a, b]) => layerNorm(x, a, b, 0.1),
    })),
  },
  {
    name: "batchNorm",
    shapes: fc.tuple(size(2, 3), size(1, 3), size(2, 4), size(2, 4)).map(([n, c, h, w]) => ({
      inputs: [[n, c, h, w], [c], [c]],
      build: ([x, a, b]) => {
        const start = {
          mean: constant(new Float32Array(c), [c]),
          variance: constant(new Float32Array(c).fill(1), [c]),
        };
        return batchNorm(x, a, b, start, { epsilon: 0.1 }).output;
      },
    })),
  },
  {
    name: "batchNorm running statistics",
    shapes: fc.tuple(size(2, 3), size(1, 3), size(2, 4), size(2, 4)).map(([n, c, h, w]) => ({
      inputs: [[n, c, h, w], [c], [c]],
      build: ([x, mu, v]) => {
        const flat = constant(new Float32Array(c).fill(1), [c]);
        const { runningMean, runningVariance } = batchNorm(x, flat, flat, { mean: mu, variance: v });
        return concat([runningMean, runningVariance], 0);
      },
    })),
  },
  {
    name: "batchNormFrozen",
    sample: positive,
    shapes: fc.tuple(size(1, 3), size(1, 3), size(2, 4)).map(([n, c, h]) => ({
      inputs: [[n, c, h, h], [c], [c], [c], [c]],
      build: ([x, a, b, mu, v]) => batchNormFrozen(x, a, b, { mean: mu, variance: v }),
    })),
  },
  {
    name: "gather",
    differentiable: 1,
    sample: (random, i) => (i === 0 ? random.normal() : random.integer(0, 3)),
    shapes: fc.tuple(size(3, 5), size(1, 3), size(1, 6)).map(([rows, width, count]) => ({
      inputs: [[rows, width], [count]],
      build: ([x, indices]) => gather(x, indices),
    })),
  },
  {
    name: "scatterAdd",
    differentiable: 1,
    sample: (random, i) => (i === 0 ? random.normal() : random.integer(0, 3)),
    shapes: fc.tuple(size(3, 5), size(1, 3), size(1, 6)).map(([rows, width, count]) => ({
      inputs: [[count, width], [count]],
      build: ([x, indices]) => scatterAdd(x, indices, rows),
    })),
  },
  {
    name: "topIndices",
    differentiable: 0,
    shapes: fc.tuple(size(1, 3), size(1, 3), size(0, 9)).map(([rows, k, more]) => ({
      inputs: [[rows, k + more]],
      build: ([x]) => topIndices(x, k),
    })),
  },
  {
    name: "gather of the largest",
    differentiable: 1,
    shapes: fc.tuple(size(3, 5), size(1, 3), size(1, 3), size(1, 2)).map(([rows, width, count, k]) => ({
      inputs: [
        [rows, width],
        [count, rows],
      ],
      build: ([x, by]) => gather(x, topIndices(by, k)),
    })),
  },
  ...[false, true].map(
    (alignCorners): OpCase => ({
      name: `resizeBilinear${alignCorners ? " with aligned corners" : ""}`,
      shapes: fc.tuple(planes, size(1, 9), size(1, 9)).map(([s, h, w]) => ({
        inputs: [s],
        build: ([x]) => resizeBilinear(x, [h, w], { alignCorners }),
      })),
    }),
  ),
  {
    name: "upsampleNearest",
    shapes: fc
      .tuple(planes, size(2, 3))
      .map(([s, factor]) => ({ inputs: [s], build: ([x]) => upsampleNearest(x, factor) })),
  },
  {
    name: "firResample",
    shapes: fc.tuple(planes, size(1, 2), size(1, 2), size(1, 2), size(-1, 2)).map(([s, up, down, before, after]) => ({
      inputs: [s],
      build: ([x]) =>
        firResample(
          x,
          { values: [1, 3, 3, 2], shape: [2, 2] },
          { up, down, pads: [before, after, before, after], gain: up },
        ),
    })),
  },
  {
    name: "separableResample",
    shapes: fc.tuple(planes, size(1, 2), size(1, 2), size(1, 2), size(-1, 2)).map(([s, up, down, before, after]) => ({
      inputs: [s],
      build: ([x]) => separableResample(x, [1, 2, 0.5], { up, down, pads: [before, after + 2], gain: up }),
    })),
  },
];
