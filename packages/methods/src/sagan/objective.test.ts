/** @file SAGAN's losses: gradient penalty, identity and restoration. */
import { constant, evaluate, gradients, input, mul, Parameters, reshape, sum, type Tensor } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import { critic } from "./networks.ts";
import { generatorLosses, gradientPenalty } from "./objective.ts";
import { pasteBox } from "./pseudo-anomaly.ts";
import { tiny, values } from "./test-support.ts";

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
