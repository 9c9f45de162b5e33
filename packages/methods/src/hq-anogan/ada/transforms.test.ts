/** @file Draws: how often, how strong, and what a selection rules out. */
import { HaleError, Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { inverseAffine } from "./geometric.ts";
import { augmentationInputs } from "./pipe.ts";
import {
  drawTransformation,
  IDENTITY,
  MEDICAL,
  type Selection,
  selectTransforms,
  stagesOf,
  type Transformation,
} from "./transforms.ts";

const COUNT = 20_000;

function draws(selection: Selection, p: number, channels = 1, count = COUNT): Transformation[] {
  const random = new Random(1, "draws");
  return Array.from({ length: count }, () => drawTransformation(random, selection, { p, channels }));
}
const share = (all: Transformation[], which: (t: Transformation) => boolean) => all.filter(which).length / all.length;
/** Four standard errors of a share of `COUNT`. */
const margin = (p: number) => 4 * Math.sqrt((p * (1 - p)) / COUNT);
const deviation = (values: number[]) => Math.sqrt(values.reduce((total, v) => total + v * v, 0) / values.length);

describe("how often", () => {
  test.each([0.1, 0.5, 0.9])("an image is turned before or after its stretch: p = %d", (p) => {
    const all = draws(selectTransforms("bgc"), p);
    expect(Math.abs(share(all, (t) => t.before !== 0 || t.after !== 0) - p)).toBeLessThan(margin(p));
    const each = 1 - Math.sqrt(1 - p);
    expect(Math.abs(share(all, (t) => t.after !== 0) - each)).toBeLessThan(margin(each));
  });

  test("everything else happens: p times its multiplier, flips half as often, quarter turns three quarters", () => {
    const p = 0.4;
    const all = draws({ ...selectTransforms("bgcfnc"), contrast: { multiplier: 0.5 } }, p, 3);
    const expected: [(t: Transformation) => boolean, number][] = [
      [(t) => t.flip, p / 2],
      [(t) => t.turns !== 0, (3 * p) / 4],
      [(t) => t.shift !== IDENTITY.shift, p],
      [(t) => t.scale !== 1, p],
      [(t) => t.stretch !== 1, p],
      [(t) => t.translation !== IDENTITY.translation, p],
      [(t) => t.brightness !== 0, p],
      [(t) => t.contrast !== 1, p / 2],
      [(t) => t.lumaFlip, p / 2],
      [(t) => t.hue !== 0, p],
      [(t) => t.saturation !== 1, p],
      [(t) => t.bands.some((gain) => gain !== 1), 1 - (1 - p) ** 4],
      [(t) => t.noise !== 0, p],
      [(t) => t.cutout !== null, p],
      // Independent of one another.
      [(t) => t.scale !== 1 && t.stretch !== 1, p * p],
      [(t) => t.brightness !== 0 && t.shift !== IDENTITY.shift, p * p],
    ];
    for (const [which, chance] of expected) {
      expect(Math.abs(share(all, which) - chance), String(which)).toBeLessThan(margin(chance));
    }
  });

  test("nothing happens at p = 0", () => {
    for (const t of draws(selectTransforms("bgcfnc"), 0, 3, 100)) expect(t).toEqual(IDENTITY);
  });
});

test("strengths are those of the source", () => {
  const all = draws(selectTransforms("bgcfnc"), 1, 3, 10_000);
  const log = (pick: (t: Transformation) => number) => deviation(all.map((t) => Math.log2(pick(t))));
  expect(log((t) => t.scale)).toBeCloseTo(0.2, 1.9);
  expect(log((t) => t.stretch)).toBeCloseTo(0.2, 1.9);
  expect(log((t) => t.contrast)).toBeCloseTo(0.5, 1.5);
  expect(log((t) => t.saturation)).toBeCloseTo(1, 1.2);
  expect(deviation(all.map((t) => t.brightness))).toBeCloseTo(0.2, 1.9);
  expect(deviation(all.map((t) => t.translation[1]))).toBeCloseTo(0.125, 1.9);
  expect(deviation(all.map((t) => t.noise))).toBeCloseTo(0.1, 1.9);
  for (const largest of [
    Math.max(...all.map((t) => t.before)) / Math.PI,
    -Math.min(...all.map((t) => t.hue)) / Math.PI,
    Math.max(...all.map((t) => Math.abs(t.shift[0]))) / 0.125,
  ]) {
    expect(largest).toBeLessThanOrEqual(1);
    expect(largest).toBeGreaterThan(0.99);
  }
});

test("amplifying one band leaves the expected power of an image as it is", () => {
  const single = draws(selectTransforms("f"), 0.2)
    .map((t) => t.bands)
    .filter((gains) => new Set(gains.map((gain) => gain.toFixed(9))).size === 2);
  expect(single.length).toBeGreaterThan(1000);
  for (const [a, b, c, d] of single) expect((10 * a * a + b * b + c * c + d * d) / 13).toBeCloseTo(1, 9);
});

describe("the medical selection", () => {
  test("never mirrors, makes no negatives, and turns by 10° at most", () => {
    for (const t of draws(MEDICAL, 1, 1, 5000)) {
      expect([t.flip, t.turns, t.lumaFlip, t.after, t.stretch]).toEqual([false, 0, false, 0, 1]);
      expect(Math.abs(t.before)).toBeLessThanOrEqual((10 / 180) * Math.PI);
      expect(t.contrast).toBeGreaterThan(0);
      const [a, b, c, d] = inverseAffine(t, 64);
      expect(a * d - b * c).toBeGreaterThan(0);
    }
  });

  test("turns with probability p, since there is one rotation", () => {
    const all = draws(MEDICAL, 0.3);
    expect(Math.abs(share(all, (t) => t.before !== 0) - 0.3)).toBeLessThan(margin(0.3));
  });

  test("has no stage that it does not need", () => {
    expect(stagesOf(MEDICAL, 1)).toEqual(["geometric", "colour"]);
  });
});

describe("a selection", () => {
  test.each([
    ["b", ["blit"]],
    ["bgc", ["blit", "geometric", "colour"]],
    ["bg", ["blit", "geometric"]],
    ["bc", ["blit", "colour"]],
    ["bgcf", ["blit", "geometric", "colour", "filter"]],
    ["bgcfnc", ["blit", "geometric", "colour", "filter", "noise", "cutout"]],
    ["nc", ["noise", "cutout"]],
  ])("%s is %j", (name, stages) => {
    expect(stagesOf(selectTransforms(name), 1)).toEqual(stages);
  });

  test.each(["", "x", "gb", "medicine"])("named %j is refused", (name) => {
    expect(() => selectTransforms(name)).toThrow(HaleError);
  });

  test("has only the arrays of its stages, and none of what cannot happen", () => {
    const names = (transforms: Selection, channels: number) =>
      Object.keys(augmentationInputs({ batch: 2, size: 8, channels, transforms }));
    expect(names(selectTransforms("bc"), 1)).toEqual(["blit", "matrix", "offset"]);
    expect(names(MEDICAL, 1)).toEqual(["places", "weights", "matrix", "offset"]);
    expect(names({ hue: {} }, 1)).toEqual([]);
    expect(names({ hue: {} }, 3)).toEqual(["matrix", "offset"]);
    expect(names({ brightness: { multiplier: 0 } }, 1)).toEqual([]);
    expect(() => names(MEDICAL, 2)).toThrow(HaleError);
  });
});
