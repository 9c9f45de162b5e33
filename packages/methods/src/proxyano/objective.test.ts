/** @file ProxyAno's losses: cross-entropies, where gradients stop, and what an untrained system is held to. */
import { constant, evaluate, gradients, input, Parameters, sliceAxis } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { superpixelImage } from "../superpixels/proxy.ts";
import { slic } from "../superpixels/slic.ts";
import { proxyAno } from "./method.ts";
import { callReal, discriminatorLoss, type ObjectiveOptions, restorationLosses, type Scopes } from "./objective.ts";
import { pictures, tiny, values } from "./test-support.ts";

const SIDE = 32;
const images = (name: string) => input(name, [2, 1, SIDE, SIDE]);

function losses(options: ObjectiveOptions = tiny()) {
  const parameters = new Parameters();
  const scopes: Scopes = {
    pem: parameters.scope("pem"),
    irm: parameters.scope("irm"),
    discriminator: parameters.scope("discriminator"),
  };
  const step = { image: images("image"), proxy: images("proxy"), damaged: images("damaged") };
  const parts = restorationLosses(scopes, options, step);
  const feeds = () => ({
    ...values(parameters),
    image: pictures(2, SIDE, "image"),
    proxy: pictures(2, SIDE, "proxy"),
    damaged: pictures(2, SIDE, "damaged"),
  });
  return { parameters, scopes, parts, feeds };
}

describe("the losses", () => {
  test("of a discriminator that cannot tell are ln 2", () => {
    const { scopes, feeds } = losses();
    const { loss } = discriminatorLoss(scopes, tiny(), images("image"), images("damaged"));
    // Without biases a black image leaves every layer at 0.
    const black = new Float64Array(2 * SIDE * SIDE);
    const [undecided] = evaluate([loss], { ...feeds(), image: black, damaged: black });
    expect(undecided.data[0]).toBeCloseTo(Math.LN2, 12);
    expect(evaluate([callReal(input("logits", [4]))], { logits: [0, 0, 0, 0] })[0].data[0]).toBeCloseTo(Math.LN2, 12);
    const [decided] = evaluate([loss], feeds());
    expect(decided.data[0]).not.toBeCloseTo(Math.LN2, 6);
  });

  test("of IRM reach no parameter of PEM", () => {
    const { parameters, parts, feeds } = losses();
    const pem = [...parameters.trainable("pem/").values()];
    for (const { data } of evaluate(gradients(parts.reconstruction, pem), feeds())) {
      expect(data.every((v) => v === 0)).toBe(true);
    }
    const reached = evaluate(gradients(parts.extraction, pem), feeds());
    expect(reached.some(({ data }) => data.some((v) => v !== 0))).toBe(true);
  });

  test("add up with their weights, reconstruction being the mean over both proxies", () => {
    const { parts, feeds } = losses(tiny({ entropyWeight: 0.3, adversarialWeight: 0.7 }));
    const { total, extraction, entropy, reconstruction, adversarial } = parts;
    const [sum, e, h, r, a] = evaluate([total, extraction, entropy!, reconstruction, adversarial!], feeds()).map(
      ({ data }) => data[0],
    );
    expect(sum).toBeCloseTo(e + 0.3 * h + r + 0.7 * a, 10);
    expect(h).toBeGreaterThan(0);
  });

  test("leave out what is switched off", () => {
    const { parts, parameters } = losses(tiny({ memory: "none", adversarialWeight: 0 }));
    expect(parts.entropy).toBeNull();
    expect(parts.adversarial).toBeNull();
    expect(parameters.count("pem/memory")).toBe(0);
    expect(parameters.count("discriminator")).toBe(0);
  });

  test("gather running statistics of every layer, of PEM's own proxies only", () => {
    const { parts, parameters } = losses();
    expect(Object.keys(parts.updates).sort()).toEqual(
      [...parameters.buffers().keys()].filter((name) => !name.startsWith("discriminator/")).sort(),
    );
    // What IRM made of damaged proxies leaves no trace in them.
    const [name] = Object.keys(parts.updates).filter((key) => key.startsWith("irm/"));
    const { feeds } = { feeds: losses().feeds() };
    const one = evaluate([parts.updates[name]], feeds)[0].data;
    const other = evaluate([parts.updates[name]], { ...feeds, damaged: new Float32Array(2 * SIDE * SIDE) })[0].data;
    expect(other).toEqual(one);
  });
});

test("a perfect PEM before an IRM that changes nothing scores the detail that superpixels lose", () => {
  const recipe = proxyAno.create(tiny(), { size: SIDE, channels: 1 });
  const x = pictures(1, SIDE);
  const shape = { width: SIDE, height: SIDE, channels: 1 } as const;
  const s = superpixelImage(x, shape, slic(x, shape, { segments: 16 }));
  const inRange = (values: Float32Array) =>
    constant(
      values.map((v) => 2 * v - 1),
      [1, 1, SIDE, SIDE],
    );
  const map = recipe.anomalyMap(inRange(x), inRange(s));
  const score = evaluate([recipe.score!(map, inRange(x), inRange(s))], {})[0].data[0];
  const expected = x.reduce((total, v, i) => total + Math.abs(v - s[i]), 0) / x.length;
  expect(score).toBeCloseTo(expected, 6);
  expect(expected).toBeGreaterThan(0.1);
});

test("the score of the highest 5 % looks at no others, and smoothing keeps a flat map flat", () => {
  const shape = { size: SIDE, channels: 1 } as const;
  const top = proxyAno.create(tiny({ reduction: "top" }), shape);
  const map = new Random(5, "map").uniforms(SIDE * SIDE);
  const expected =
    [...map]
      .sort((a, b) => b - a)
      .slice(0, 51)
      .reduce((a, b) => a + b, 0) / 51;
  const mapInput = input("map", [1, 1, SIDE, SIDE]);
  const scored = evaluate([top.score!(mapInput, mapInput, mapInput)], { map })[0];
  expect(scored.shape).toEqual([1]);
  expect(scored.data[0]).toBeCloseTo(expected, 6);

  const smooth = proxyAno.create(tiny({ smoothing: 2 }), shape);
  const flat = smooth.anomalyMap(input("x", [1, 1, SIDE, SIDE]), input("y", [1, 1, SIDE, SIDE]));
  const ones = new Float64Array(SIDE * SIDE).fill(0.5);
  for (const v of evaluate([flat], { x: ones, y: ones.map((v) => -v) })[0].data) expect(v).toBeCloseTo(0.5, 6);
  const spot = new Float64Array(SIDE * SIDE);
  spot[16 * SIDE + 16] = 1;
  const [blurred] = evaluate([flat], { x: spot, y: new Float64Array(SIDE * SIDE) });
  expect(Math.max(...blurred.data)).toBeLessThan(0.2);
  expect(blurred.data[16 * SIDE + 17]).toBeCloseTo(blurred.data[16 * SIDE + 15], 6);
  expect(sliceAxis(flat, 0, 0, 1).shape).toEqual([1, 1, SIDE, SIDE]);
});
