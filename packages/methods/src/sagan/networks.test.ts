/** @file SAGAN's networks: parameter counts of every module, head, position code, gates, the critic's start. */
import { convLayer, evaluate, gradients, input, Parameters, sum } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { keepMask } from "./method.ts";
import { critic, criticDepth, type GeneratorTrace, generator, restoreWindows } from "./networks.ts";
import { settings, tiny, tinyImage, values } from "./test-support.ts";

function countGenerator(width: number, residualBlocks: number): Parameters {
  const parameters = new Parameters();
  generator(parameters.scope("g"), input("x", [1, 1, 64, 64]), settings(width, residualBlocks));
  return parameters;
}

describe("parameter counts", () => {
  test.each([
    [64, 44_758_979, 25_876_419, 44_719_040, 11_153_344],
    [32, 11_197_411, 6_474_723, 11_185_632, 2_791_392],
    [16, 2_803_187, 1_621_491, 2_799_344, 699_376],
    [8, 702_715, 406_779, 701_304, 175_608],
  ])("at width %i are the published ones", (width, g6, g2, d6, d5) => {
    expect(countGenerator(width, 6).count()).toBe(g6);
    expect(countGenerator(width, 2).count()).toBe(g2);
    for (const [size, expected] of [
      [64, d6],
      [32, d5],
    ]) {
      const parameters = new Parameters();
      critic(parameters.scope("d"), input("x", [1, 1, size, size]), settings(width));
      expect(parameters.count()).toBe(expected);
    }
  });

  test("of every module at width 64 are the published ones", () => {
    const parameters = countGenerator(64, 6);
    const published: Record<string, number> = {
      stem: 3264,
      enc1: 131_328,
      acm1: 16_896,
      enc2: 524_800,
      acm2: 66_560,
      enc3: 2_098_176,
      bottleneck: 28_588_032,
      gate1: 262_913,
      fuse1: 7_079_936,
      dec1: 2_097_664,
      gate2: 65_921,
      fuse2: 1_770_496,
      dec2: 524_544,
      gate3: 16_577,
      fuse3: 442_880,
      dec3: 131_200,
      up1: 655_744,
      up2: 131_200,
      mff: 147_712,
      out: 3136,
    };
    for (const [name, count] of Object.entries(published)) expect(parameters.count(`g/${name}/`), name).toBe(count);
  });
});

describe("the output head", () => {
  test("in the logit form, with an output convolution of zeros, is x itself up to the limit of 0.999", () => {
    const parameters = new Parameters();
    const x = input("x", [1, 1, 32, 32]);
    const healthy = generator(parameters.scope("g"), x, { ...tiny, head: "logit" });
    const image = Float64Array.from({ length: 1024 }, (_, i) => (2 * i) / 1023 - 1);
    const feeds = values(parameters, image);
    feeds["g/out/weight"] = new Float32Array(feeds["g/out/weight"].length);
    const [y] = evaluate([healthy], feeds);
    y.data.forEach((v, i) => {
      expect(v).toBeCloseTo(Math.min(0.999, Math.max(-0.999, image[i])), 12);
    });
  });

  test("in the logit form starts by changing nearly nothing", () => {
    const parameters = new Parameters();
    const healthy = generator(parameters.scope("g"), input("x", [1, 1, 32, 32]), { ...tiny, head: "logit" });
    const [y] = evaluate([healthy], values(parameters, tinyImage));
    const changes = Array.from(y.data, (v, i) => Math.abs(v - tinyImage[i]));
    expect(Math.max(...changes)).toBeLessThan(0.02);
    expect(Math.max(...changes)).toBeGreaterThan(1e-6);
  });

  test("in the published form, with an output convolution of zeros, is tanh(x), with the known floor of scores", () => {
    const parameters = new Parameters();
    const x = input("x", [1, 1, 32, 32]);
    const healthy = generator(parameters.scope("g"), x, tiny);
    for (const [level, floor] of [
      [1, 0.119203],
      [-1, 0.119203],
      [0.5, 0.018941],
      [0, 0],
    ]) {
      const feeds = values(parameters, new Float32Array(1024).fill(level));
      feeds["g/out/weight"] = new Float32Array(feeds["g/out/weight"].length);
      const [y] = evaluate([healthy], feeds);
      const score = y.data.reduce((total, v) => total + Math.abs(level - v) / 2, 0) / 1024;
      expect(score).toBeCloseTo(floor, 6);
    }
  });

  test("while training sets one pixel in twenty to tanh(2x)", () => {
    const parameters = new Parameters();
    const mask = keepMask(32 * 32, 0.95, new Random(5, "mask"));
    const maskInput = input("mask", [1, 1, 32, 32]);
    const healthy = generator(parameters.scope("g"), input("x", [1, 1, 32, 32]), tiny, maskInput);
    const feeds: Record<string, ArrayLike<number>> = { ...values(parameters, tinyImage), mask };
    feeds["g/out/weight"] = new Float32Array(feeds["g/out/weight"].length);
    const [y] = evaluate([healthy], feeds);
    y.data.forEach((v, i) => {
      expect(v).toBeCloseTo(Math.tanh((mask[i] === 1 ? 1 : 2) * tinyImage[i]), 10);
    });
    const long = keepMask(400_000, 0.95, new Random(6, "mask"));
    const dropped = long.reduce((total, v) => total + (1 - v), 0) / long.length;
    expect(dropped).toBeGreaterThan(0.045);
    expect(dropped).toBeLessThan(0.055);
  });
});

describe("the position code", () => {
  function change(positionCode: "effective" | "reference"): { byCode: number; bySwap: number } {
    const parameters = new Parameters();
    const windows = input("x", [4, 1, 16, 16]);
    const r = restoreWindows(parameters.scope("g"), windows, { ...tiny, positionCode });
    const x = new Random(4, "windows").uniforms(4 * 256, -1, 1);
    const feeds = values(parameters, x);
    const [before] = evaluate([r], feeds);
    // Other codes are other weights of the code's columns: the last three of every 1x1 convolution.
    const other = { ...feeds };
    for (const name of Object.keys(feeds).filter((key) => /acm.*weight$/.test(key))) {
      const copy = Float64Array.from(feeds[name]);
      const channels = Math.round((-3 + Math.sqrt(9 + 4 * copy.length)) / 2);
      for (let row = 0; row < channels; row++)
        for (let bit = 0; bit < 3; bit++) copy[row * (channels + 3) + channels + bit] = 7 * (row + bit);
      other[name] = copy;
    }
    const [after] = evaluate([r], other);
    const swapped = Float32Array.from(x, (_, i) => x[[1, 0, 2, 3][Math.floor(i / 256)] * 256 + (i % 256)]);
    const [moved] = evaluate([r], { ...feeds, x: swapped });
    const difference = (a: ArrayLike<number>, b: (i: number) => number) =>
      Array.from(a, (v, i) => Math.abs(v - b(i))).reduce((m, v) => Math.max(m, v), 0);
    return {
      byCode: difference(before.data, (i) => after.data[i]),
      bySwap: difference(before.data, (i) => moved.data[[1, 0, 2, 3][Math.floor(i / 256)] * 256 + (i % 256)]),
    };
  }

  test("does nothing in the reference form, as in the released code", () => {
    const { byCode, bySwap } = change("reference");
    expect(byCode).toBeLessThan(1e-10);
    expect(bySwap).toBeLessThan(1e-10);
  });

  test("matters in the effective form, so that windows cannot be swapped", () => {
    const { byCode, bySwap } = change("effective");
    expect(byCode).toBeGreaterThan(1e-3);
    expect(bySwap).toBeGreaterThan(1e-4);
  });
});

test("every attention gate has one map, with logits of mean 0 and variance 1 in each window", () => {
  const parameters = new Parameters();
  const trace: GeneratorTrace = { gates: [] };
  generator(parameters.scope("g"), input("x", [1, 1, 32, 32]), { ...tiny, width: 8 }, undefined, trace);
  expect(trace.gates).toHaveLength(3);
  for (const { shape, data } of evaluate(trace.gates, values(parameters, tinyImage))) {
    expect(shape[1]).toBe(1);
    const area = shape[2] * shape[3];
    for (let window = 0; window < shape[0]; window++) {
      const map = data.subarray(window * area, (window + 1) * area);
      const average = map.reduce((total, v) => total + v, 0) / area;
      const variance = map.reduce((total, v) => total + (v - average) ** 2, 0) / area;
      expect(average).toBeCloseTo(0, 8);
      expect(variance).toBeGreaterThan(0.98);
      expect(variance).toBeLessThanOrEqual(1);
    }
  }
});

test("a critic starts with slopes of the size that its penalty asks for, and as published with hardly any", () => {
  const norm = (criticStart: "he" | "published") => {
    const parameters = new Parameters();
    const x = input("x", [1, 1, 64, 64]);
    const y = critic(parameters.scope("d"), x, { width: 8, criticStart });
    const image = new Random(21, "image").uniforms(64 * 64, -1, 1);
    const [slope] = evaluate(gradients(sum(y), [x]), values(parameters, image));
    return Math.hypot(...slope.data);
  };
  expect(norm("he")).toBeGreaterThan(0.05);
  expect(norm("he")).toBeLessThan(20);
  expect(norm("published")).toBeLessThan(1e-3);
});

test("the critic has as many halvings as the size allows, at most six", () => {
  expect([32, 48, 64, 128, 256].map(criticDepth)).toEqual([5, 5, 6, 6, 6]);
});

test("takes every size divisible by 16, grey or in colour", () => {
  for (const [size, channels] of [
    [48, 3],
    [80, 1],
  ] as const) {
    const x = input("x", [1, channels, size, size]);
    const parameters = new Parameters();
    expect(generator(parameters.scope("g"), x, { ...settings(8), residualBlocks: 1 }).shape).toEqual([
      1,
      channels,
      size,
      size,
    ]);
    expect(critic(parameters.scope("d"), x, settings(8)).shape.slice(0, 2)).toEqual([1, 1]);
    convLayer(parameters.scope("other"), x, 4, 3);
  }
});
