/** @file Values between two convolutions stay in blocks of channels, and come to the same as in plain order. */
import { existsSync, readFileSync } from "node:fs";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../graph.ts";
import * as ad from "../index.ts";
import { convBlockOf } from "./conv-block.ts";
import { lower } from "./lower.ts";

const device = await openDevice({ threads: 2 });
const block = await convBlockOf(device);
/** Whole blocks whether they are of 8 or 16 channels. */
const C = 32;
const SIDE = 8;

type Build = (y: ad.Tensor, other: ad.Tensor, random: Random) => ad.Tensor;

const vector = (random: Random, shape: ad.Shape) => ad.constant(random.normals(shape.reduce((a, b) => a * b)), shape);

/** What happens between two convolutions: `y` and `other` are results of convolutions, both [N, C, 8, 8]. */
const stays: Record<string, Build> = {
  "sum of two": (y, other) => ad.add(y, other),
  "product of two": (y, other) => ad.mul(y, other),
  "scalar product": (y) => ad.mul(y, 1.5),
  "product a channel": (y, _, random) => ad.mul(y, vector(random, [1, C, 1, 1])),
  "product a channel and image": (y, _, random) => ad.mul(vector(random, [y.shape[0], C, 1, 1]), y),
  "sum a channel and image": (y, _, random) => ad.add(y, vector(random, [y.shape[0], C, 1, 1])),
  "sum a pixel": (y, _, random) => ad.add(y, vector(random, [1, 1, SIDE, SIDE])),
  "sum with one image": (y, _, random) => ad.add(y, vector(random, [1, C, SIDE, SIDE])),
  "sum with what broadcasts from fewer axes": (y, _, random) => ad.add(y, vector(random, [C, 1, 1])),
  "scale and shift": (y, _, random) => ad.scaleShift(y, vector(random, [C]), vector(random, [C])),
  "ReLU of a scaling": (y, _, random) => ad.relu(ad.scaleShift(y, vector(random, [C]), vector(random, [C]))),
  "sum of a scaling and another": (y, other, random) => ad.add(other, ad.mul(y, vector(random, [1, C, 1, 1]))),
  "a scaling added to itself": (y, _, random) => {
    const scaled = ad.mul(y, vector(random, [1, C, 1, 1]));
    return ad.add(scaled, scaled);
  },
  "leaky ReLU": (y) => ad.leakyRelu(y, 0.2),
  sigmoid: (y) => ad.sigmoid(y),
  "pooled maxima": (y) => ad.maxPool2d(y, 2),
  "joined channels": (y, other) => ad.concat([y, other], 1),
  "joined images": (y, other) => ad.concat([y, other], 0),
  "half of the channels": (y) => ad.sliceAxis(y, 1, 16, 16),
  "bilinear resizing": (y) => ad.resizeBilinear(y, [2 * SIDE, SIDE + 3]),
  "bilinear enlarging": (y) => ad.resizeBilinear(y, [2 * SIDE, 3 * SIDE]),
  "bilinear enlarging, corners on corners": (y) => ad.resizeBilinear(y, [2 * SIDE, 2 * SIDE], { alignCorners: true }),
  detach: (y, other) => ad.add(ad.detach(y), other),
  "batch normalisation": (y, _, random) =>
    ad.batchNorm(y, vector(random, [C]), vector(random, [C]), {
      mean: ad.constant(new Float32Array(C), [C]),
      variance: ad.constant(new Float32Array(C).fill(1), [C]),
    }).output,
  "mean of each channel, given back": (y) => ad.sub(y, ad.mean(y, [0, 2, 3], true)),
  "mean of each channel's squares, given back": (y) => ad.sub(y, ad.mean(ad.mul(y, y), [0, 2, 3], true)),
  "sum of each plane's products, given back": (y, other) => ad.add(y, ad.sum(ad.mul(y, other), [2, 3], true)),
  "a product and its mean": (y, other) => {
    const product = ad.mul(y, other);
    return ad.sub(product, ad.mean(product, [2, 3], true));
  },
  "sum of each plane, given back": (y) => ad.add(y, ad.sum(y, [2, 3], true)),
};

/** What needs its channels in order comes to the same, too. */
const leaves: Record<string, Build> = {
  "instance normalisation": (y, _, random) => ad.instanceNorm(y, vector(random, [C]), vector(random, [C])),
  "sum over channels": (y) => ad.add(y, ad.sum(y, [1], true)),
  "channels that are no whole block": (y) => ad.concat([ad.sliceAxis(y, 1, 3, 13), ad.sliceAxis(y, 1, 0, 3)], 1),
  "a cut-out": (y) => ad.slice(y, [0, 0, 1, 2], [y.shape[0], C, 5, 6]),
  "a product a row": (y, _, random) => ad.mul(y, vector(random, [1, 1, SIDE, 1])),
  "turned sides": (y) => ad.transpose(y, [0, 1, 3, 2]),
  "a matrix of its own for each channel": (y, other) => ad.matmul(y, other),
};

function chain(build: Build, images: number) {
  const x = ad.input("x", [images, 3, SIDE, SIDE]);
  const first = ad.input("first", [C, 3, 3, 3]);
  const other = ad.input("other", [C, 3, 3, 3]);
  const between = build(ad.conv2d(x, first, { pad: 1 }), ad.conv2d(x, other, { pad: 1 }), new Random(3, "constants"));
  const second = ad.input("second", [16, between.shape[1], 3, 3]);
  return { inputs: [x, first, other, second], output: ad.conv2d(between, second, { pad: 1 }) };
}

describe.each(Object.entries({ ...stays, ...leaves }))("%s between convolutions", (_name, build) => {
  // With fewer images than a block and with as many, weight gradients take different ways.
  test.each([5, 16])("has the value and gradients of its float64 reference, %i images", async (images) => {
    const { inputs, output } = chain(build, images);
    const random = new Random(4, "values");
    const values = Object.fromEntries(
      ["x", "first", "other", "second"].map((name, i) => [
        name,
        random.normals(inputs[i].shape.reduce((a, b) => a * b)).map((v) => 0.3 * v),
      ]),
    );
    const probe = ad.constant(random.normals(output.shape.reduce((a, b) => a * b)), output.shape);
    const derivatives = gradients(ad.sum(ad.mul(output, probe)), inputs);
    const outputs = Object.fromEntries([output, ...derivatives].map((tensor, i) => [`y${i}`, tensor]));
    const exact = evaluate(
      Object.values(outputs),
      Object.fromEntries(Object.entries(values).map(([name, data]) => [name, Float64Array.from(data)])),
    );
    const program = await ad.Program.compile(new ad.State(device), { name: "chain", outputs });
    const actual = await program.run(values);
    await program.release();
    exact.forEach(({ data }, i) => {
      const scale = data.reduce((largest, v) => Math.max(largest, Math.abs(v)), 1e-3);
      const worst = data.reduce((error, v, k) => Math.max(error, Math.abs(v - actual[`y${i}`][k])), 0);
      expect(worst / scale, i === 0 ? "value" : `gradient ${i - 1}`).toBeLessThan(1e-5);
    });
  });
});

test.skipIf(block === 0)("equal maxima of a window share its gradient", async () => {
  const x = ad.input("x", [5, 3, SIDE, SIDE]);
  const y = ad.conv2d(x, ad.constant(new Float32Array(C * 27), [C, 3, 3, 3]), { pad: 1 });
  const [gradient] = gradients(ad.sum(ad.maxPool2d(y, 2)), [y]);
  const program = await ad.Program.compile(new ad.State(device), { name: "ties", outputs: { gradient } });
  const random = new Random(5, "values");
  const result = await program.run({ x: random.normals(5 * 3 * SIDE * SIDE) });
  await program.release();
  expect(new Set(result.gradient)).toEqual(new Set([0.25]));
});

describe.skipIf(block === 0)("reordering", () => {
  /** How often a string of the model, such as a node's type or an attribute's name, is exactly this. */
  const count = (build: Build, text: string) => {
    const { bytes } = lower("chain", { y: chain(build, 5).output }, { target: "cpu", convBlock: block });
    return (
      Buffer.from(bytes)
        .toString("latin1")
        .split(String.fromCharCode(text.length) + text).length - 1
    );
  };

  test.each(Object.entries(stays))("is done once, at the end: %s", (_name, build) => {
    expect(count(build, "ReorderOutput")).toBe(1);
  });

  test("is not all that is saved: a scaling does an addition or a ReLU that follows in the same pass", () => {
    expect(count(stays["sum of two"], "Add")).toBe(1);
    expect(count(stays["sum of a scaling and another"], "Add")).toBe(0);
    expect(count(stays["scale and shift"], "activation")).toBe(0);
    expect(count(stays["ReLU of a scaling"], "activation")).toBe(1);
  });

  test("is not all that is saved: a product that only its means need is not written", () => {
    expect(count(stays["mean of each channel's squares, given back"], "GlobalAveragePool")).toBe(0);
    expect(count(stays["sum of each plane's products, given back"], "GlobalAveragePool")).toBe(0);
    expect(count(stays["a product and its mean"], "GlobalAveragePool")).toBe(1);
  });
});

const flags = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";

test.runIf(flags.includes("avx512f") || flags.includes("avx2"))("this processor has blocks", () => {
  expect(block).toBe(flags.includes("avx512f") ? 16 : 8);
});
