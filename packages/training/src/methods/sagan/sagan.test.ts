/** @file SAGAN against what is known of it: parameter counts of every module, and the checks of its description. */
import {
  constant,
  convLayer,
  evaluate,
  gradients,
  input,
  mul,
  Parameters,
  Random,
  reshape,
  sizeOf,
  sum,
  type Tensor,
} from "@hale/autodiff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keepMask, referenceDecay, sagan } from "./method.ts";
import { critic, criticDepth, type GeneratorTrace, generator, restoreWindows } from "./networks.ts";
import { generatorLosses, gradientPenalty } from "./objective.ts";
import { pasteBox, randomBox } from "./pseudo-anomaly.ts";
import { codeBits, joinWindows, positionCodes, splitWindows } from "./windows.ts";

const settings = (width: number, residualBlocks = 6) => ({
  width,
  residualBlocks,
  grid: 2,
  positionCode: "effective" as const,
  head: "published" as const,
  criticStart: "published" as const,
  identityWeight: 1,
  restorationWeight: 1,
});

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

describe("windows", () => {
  const ramp = (shape: number[]) => Float64Array.from({ length: sizeOf(shape) }, (_, i) => i);

  test("put together are the image, bit by bit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (n, c, grid) => {
          const shape = [n, c, 4 * grid, 4 * grid];
          const [same] = evaluate([joinWindows(splitWindows(input("x", shape), grid), grid)], { x: ramp(shape) });
          expect([...same.data]).toEqual([...ramp(shape)]);
        },
      ),
    );
  });

  test("of a 4 x 4 ramp are its quarters in raster order", () => {
    const [windows] = evaluate([splitWindows(input("x", [1, 1, 4, 4]), 2)], { x: ramp([1, 1, 4, 4]) });
    expect([...windows.data]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });

  test("are numbered in binary: 000, 001, 010, 011", () => {
    expect(codeBits(2)).toBe(3);
    expect(positionCodes(2).map((code) => code.join(""))).toEqual(["000", "001", "010", "011"]);
  });
});

/** Values for every parameter, and for x. */
function values(parameters: Parameters, x: ArrayLike<number>, seed = 1): Record<string, ArrayLike<number>> {
  const initial = [...parameters.initialise(new Random(seed, "test"))].map(([name, { data }]) => [name, data] as const);
  return { ...Object.fromEntries(initial), x };
}

const tiny = { ...settings(2), residualBlocks: 1 };
const tinyImage = new Random(3, "image").uniforms(32 * 32, -1, 1);

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

describe("the gradient penalty", () => {
  const x = input("x", [2, 1, 4, 4]);
  const image = new Random(8, "penalty").normals(32);
  const linearCritic = (weights: Float64Array) => (at: Tensor) =>
    sum(mul(reshape(at, [2, 16]), constant(weights, [1, 16])), [1]);

  test("of a critic of zeros is exactly 1, and its gradient finite", () => {
    const penalty = gradientPenalty(x, linearCritic(new Float64Array(16)));
    expect(evaluate([penalty], { x: image })[0].data[0]).toBeCloseTo(1, 12);
  });

  test("of a linear critic is (‖w‖ - 1)², and 0 at unit norm", () => {
    const w = Float64Array.from(new Random(9, "w").normals(16));
    const norm = Math.hypot(...w);
    expect(evaluate([gradientPenalty(x, linearCritic(w))], { x: image })[0].data[0]).toBeCloseTo((norm - 1) ** 2, 10);
    const unit = w.map((v) => v / norm);
    expect(evaluate([gradientPenalty(x, linearCritic(unit))], { x: image })[0].data[0]).toBeCloseTo(0, 12);
  });

  test("has a parameter gradient that central differences in float64 confirm", () => {
    const parameters = new Parameters();
    const scope = parameters.scope("d");
    const at = input("x", [2, 1, 8, 8]);
    const small = (image8: Tensor) => critic(scope, image8, tiny);
    const loss = gradientPenalty(at, small);
    const weights = parameters.trainable();
    const feeds = values(parameters, new Random(10, "x").normals(128));
    for (const name of Object.keys(feeds)) feeds[name] = Float64Array.from(feeds[name], (v) => 3 * v);
    const analytic = evaluate(gradients(loss, [...weights.values()]), feeds);
    const random = new Random(11, "probe");
    [...weights.keys()].forEach((name, i) => {
      for (let probe = 0; probe < 4; probe++) {
        const index = random.integer(0, feeds[name].length);
        const shifted = (step: number) => {
          const copy = Float64Array.from(feeds[name]);
          copy[index] += step;
          return evaluate([loss], { ...feeds, [name]: copy })[0].data[0];
        };
        const numeric = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        expect(Math.abs(analytic[i].data[index] - numeric), `${name}[${index}]`).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(numeric)),
        );
      }
    });
  });
});

describe("pseudo-anomalies", () => {
  test.each([
    [64, 0.063],
    [32, 0.053],
    [256, 0.068],
  ])("at side %i cover the expected share of the image", (size, share) => {
    const random = new Random(12, "boxes");
    let area = 0;
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const box = randomBox(size, random);
      expect(Math.min(box.top, box.left)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.bottom, box.right)).toBeLessThanOrEqual(size);
      if (size === 64) expect(box.bottom - box.top).toBe(box.right - box.left);
      area += (box.bottom - box.top) * (box.right - box.left);
    }
    expect(area / count / size ** 2).toBeCloseTo(share, 2);
  });

  test("leave everything outside the box as it was, and with α = 0 the inside too", () => {
    const random = new Random(13, "paste");
    const target = random.uniforms(3 * 64 * 64, -1, 1);
    const source = random.uniforms(3 * 64 * 64, -1, 1);
    const box = randomBox(64, random);
    const inside = (i: number) => {
      const row = Math.floor((i % 4096) / 64);
      const column = i % 64;
      return row >= box.top && row < box.bottom && column >= box.left && column < box.right;
    };
    const pasted = pasteBox(target, source, 64, box, 0.7);
    pasted.forEach((v, i) => {
      if (inside(i)) expect(v).toBeCloseTo(0.3 * target[i] + 0.7 * source[i], 6);
      else expect(v).toBe(target[i]);
    });
    expect(pasteBox(target, source, 64, box, 0)).toEqual(target);
  });
});

test("with a generator that changes nothing, the restoration loss is E[α²]·E[(normal - pasted source)²]", () => {
  // G = identity: the losses are those of the batch itself. The box has α = 0.5, so the loss is 0.25 of the squared difference.
  const parameters = new Parameters();
  const scopes = { generator: parameters.scope("g"), critic: parameters.scope("d") };
  const shape = [1, 1, 32, 32];
  const names = ["unlabelled", "normal", "pasted"] as const;
  const [unlabelled, normal, pasted] = names.map((name) => input(name, shape));
  const mask = input("mask", [3, 1, 32, 32]);
  const losses = generatorLosses(scopes, tiny, { unlabelled, normal, pasted, mask });
  const feeds: Record<string, ArrayLike<number>> = values(parameters, []);
  feeds["g/out/weight"] = new Float32Array(feeds["g/out/weight"].length);
  // Near 0, tanh(x) is x, and a generator without output leaves the image alone.
  const small = new Random(14, "small").uniforms(1024, -1e-3, 1e-3);
  const source = new Random(15, "small").uniforms(1024, -1e-3, 1e-3);
  const box = { top: 4, left: 6, bottom: 14, right: 20 };
  feeds.normal = small;
  feeds.unlabelled = small;
  feeds.pasted = pasteBox(small, source, 32, box, 0.5);
  feeds.mask = new Float32Array(3 * 1024).fill(1);
  const [identity, restoration] = evaluate([losses.identity, losses.restoration], feeds);
  expect(identity.data[0]).toBeLessThan(1e-9);
  let expected = 0;
  for (let r = box.top; r < box.bottom; r++)
    for (let c = box.left; c < box.right; c++) expected += (0.5 * (small[r * 32 + c] - source[r * 32 + c])) ** 2;
  expect(restoration.data[0] / (expected / 1024)).toBeCloseTo(1, 4);
});

test("a balanced identity loss pulls an image with the critic's strength: its gradient has norm 1", () => {
  const parameters = new Parameters();
  const scopes = { generator: parameters.scope("g"), critic: parameters.scope("d") };
  const shape = [1, 3, 32, 32];
  const [unlabelled, normal, pasted] = ["unlabelled", "normal", "pasted"].map((name) => input(name, shape));
  const mask = input("mask", [3, 1, 32, 32]);
  const total = (identityWeight: number | "balanced") =>
    generatorLosses(scopes, { ...tiny, identityWeight }, { unlabelled, normal, pasted, mask }).total;
  const image = new Random(22, "image").uniforms(3 * 1024, -0.5, 0.5);
  const feeds: Record<string, ArrayLike<number>> = { mask: new Float32Array(3 * 1024).fill(1) };
  for (const name of ["unlabelled", "normal", "pasted"]) feeds[name] = image;
  const [balanced, none, one] = evaluate([total("balanced"), total(0), total(1)], {
    ...feeds,
    ...values(parameters, []),
  });
  // mean|·| over d values has a gradient of norm √d / d.
  expect((balanced.data[0] - none.data[0]) / (one.data[0] - none.data[0])).toBeCloseTo(Math.sqrt(3 * 1024), 4);
});

test("the reference schedule ends at 4.995e-5 after 100 000 iterations", () => {
  const rate = referenceDecay(5e-5, 100_000);
  expect(rate(0)).toBe(5e-5);
  expect(rate(50_000)).toBe(5e-5);
  expect(rate(100_000)).toBeCloseTo(4.995e-5, 12);
});

test("the critic has as many halvings as the size allows, at most six", () => {
  expect([32, 48, 64, 128, 256].map(criticDepth)).toEqual([5, 5, 6, 6, 6]);
});

test("sizes that do not divide are refused with a size that would do", () => {
  expect(() => sagan.checkShape({ size: 60, channels: 1 })).toThrow(/divisible by 16/);
  expect(() => sagan.checkShape({ size: 16, channels: 1 })).toThrow(/from 32 up/);
  for (const size of [32, 48, 64, 80, 128]) expect(() => sagan.checkShape({ size, channels: 3 })).not.toThrow();
});

test("windows that a size cannot be cut into are refused", () => {
  const make = (grid: number, size: number) =>
    sagan.create(sagan.options.parse({ grid, width: 8, batch: 1 }), { size, channels: 1 });
  expect(() => make(4, 48)).toThrow(/4 x 4 windows do not fit/);
  expect(() => make(4, 32)).toThrow(/at least 64/);
  expect(() => sagan.options.parse({ grid: 3 })).toThrow();
  expect(() => make(1, 32)).not.toThrow();
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
