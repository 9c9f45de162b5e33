/** @file StyleGAN2's networks against the published parameter counts, shapes and figures. */
import {
  constant,
  conv2d,
  evaluate,
  gradients,
  input,
  mul,
  type NamedArray,
  Parameters,
  Program,
  reshape,
  type Scope,
  State,
  separableResample,
  sizeOf,
  square,
  sub,
  sum,
  type Tensor,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { type Architecture, isSize, noiseSides, resolutions, styleCount } from "./architecture.ts";
import { discriminate, groupDeviation } from "./discriminator.ts";
import { downsample, equalisedConv, modulatedConv, upsample } from "./layers.ts";
import {
  averageUpdate,
  broadcastStyles,
  mapLatents,
  mixingMask,
  mixStyles,
  normaliseLatents,
  truncate,
} from "./mapping.ts";
import { type Noise, synthesise } from "./synthesis.ts";

const toy: Architecture = { size: 16, channels: 1, latent: 32, mappingLayers: 2, base: 256, maxChannels: 32 };

function declare(architecture: Architecture): Parameters {
  const parameters = new Parameters();
  const { latent, size, channels } = architecture;
  const w = mapLatents(parameters.scope("mapping"), input("z", [4, latent]), architecture);
  synthesise(parameters.scope("synthesis"), broadcastStyles(w, architecture), architecture, "constant");
  discriminate(parameters.scope("discriminator"), input("x", [4, channels, size, size]), architecture);
  return parameters;
}

/** Values in float64 of tensors that hang on a scope's parameters, at their first values. */
function valuesAt(parameters: Parameters, feeds: Record<string, ArrayLike<number>>, tensors: Tensor[], seed = 1) {
  const first = parameters.initialise(new Random(seed, "parameters"));
  const values = Object.fromEntries(
    [...first].map(([name, { data }]: [string, NamedArray]) => [name, Float64Array.from(data)]),
  );
  const others = Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, Float64Array.from(data)]));
  return evaluate(tensors, { ...values, ...others }).map(({ data }) => data);
}

const meanOf = (data: Float64Array) => data.reduce((a, b) => a + b, 0) / data.length;
const rms = (data: Float64Array) => Math.sqrt(meanOf(data.map((v) => v * v)));

describe("parameters", () => {
  test.each([
    // size, image channels, base, most channels, latent, mapping layers; mapping, synthesis, discriminator, styles
    [16, 1, 256, 32, 32, 2, 2_112, 42_680, 53_009, 6],
    [32, 1, 512, 32, 64, 2, 8_320, 74_619, 72_529, 8],
    [64, 1, 1024, 64, 128, 2, 33_024, 311_390, 296_369, 10],
    [64, 1, 16384, 512, 512, 2, 525_312, 21_713_678, 23_406_849, 10],
    [128, 1, 16384, 512, 512, 2, 525_312, 22_419_089, 23_882_113, 12],
    [256, 1, 16384, 512, 512, 2, 525_312, 22_661_204, 24_000_961, 14],
    [256, 3, 16384, 512, 512, 8, 2_101_248, 22_666_210, 24_001_089, 14],
    [512, 3, 32768, 512, 512, 8, 2_101_248, 28_175_335, 28_982_849, 16],
    [1024, 3, 32768, 512, 512, 8, 2_101_248, 28_268_812, 29_012_513, 18],
  ] as const)(
    "at %i pixels, %i channels, base %i/%i, w %i, %i layers",
    (size, channels, base, maxChannels, latent, mappingLayers, mapping, synthesis, discriminator, styles) => {
      const architecture: Architecture = { size, channels, latent, mappingLayers, base, maxChannels };
      const parameters = declare(architecture);
      expect(parameters.count("mapping/")).toBe(mapping);
      expect(parameters.count("synthesis/")).toBe(synthesis);
      expect(parameters.count("discriminator/")).toBe(discriminator);
      expect(styleCount(architecture)).toBe(styles);
      expect(noiseSides(architecture)).toHaveLength(styles - 1);
    },
  );

  test("sizes are powers of two from 16 to 1024", () => {
    expect([8, 16, 48, 64, 1024, 2048].map(isSize)).toEqual([false, true, false, true, true, false]);
    expect(resolutions({ size: 32 })).toEqual([4, 8, 16, 32]);
  });
});

describe("the mapping", () => {
  const random = new Random(2, "z");
  const z = random.normals(8 * 32);

  test("normalises latents: mean square 1, whatever their length", () => {
    const at = (scale: number) =>
      evaluate([normaliseLatents(input("z", [8, 32]))], { z: Float64Array.from(z, (v) => v * scale) })[0].data;
    expect(meanOf(at(1).map((v) => v * v))).toBeCloseTo(1, 6);
    expect(Math.max(...at(1).map((v, i) => Math.abs(v - at(10)[i])))).toBeLessThan(1e-6);
  });

  test.each([2, 8])("with %i layers multiplies the mean square by 1.04 a layer", (mappingLayers) => {
    // √2 times a leaky ReLU of slope 0.2 makes (1 + 0.2²) of a symmetric mean square; one draw of weights scatters around it.
    const squares = Array.from({ length: 12 }, (_, seed) => {
      const parameters = new Parameters();
      const w = mapLatents(parameters.scope("mapping"), input("z", [4, 48]), { ...toy, latent: 48, mappingLayers });
      return rms(valuesAt(parameters, { z: random.normals(4 * 48) }, [w], seed)[0]) ** 2;
    });
    const average = squares.reduce((a, b) => a + b) / squares.length;
    expect(Math.abs(average / 1.04 ** mappingLayers - 1)).toBeLessThan(0.2);
  });

  test("keeps a running mean of w, to which truncation draws", () => {
    const parameters = new Parameters();
    const scope = parameters.scope("mapping");
    const w = input("w", [2, 32]);
    const { "mapping/average": next } = averageUpdate(scope, w, toy);
    const [moved] = valuesAt(parameters, { w: new Float32Array(64).fill(2) }, [next]);
    expect(moved[0]).toBeCloseTo(0.01, 9);
    const average = constant([1, 3], [2]);
    const [half] = evaluate([truncate(constant([5, 5], [1, 2]), average, 0.5)], {});
    expect([...half.data]).toEqual([3, 4]);
  });

  test("styles are mixed from a cut on", () => {
    const cuts = (p: number) => {
      const mask = mixingMask(new Random(5, "mix"), 400, 10, p);
      return Array.from({ length: 400 }, (_, i) => 10 - mask.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0));
    };
    expect(new Set(cuts(0))).toEqual(new Set([10]));
    expect(new Set(cuts(1))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect(cuts(0.9).filter((cut) => cut < 10).length / 400).toBeCloseTo(0.9, 1);
    // A cut of 4: four copies of the first, then the second.
    const [first, second] = [input("a", [1, 10, 2]), input("b", [1, 10, 2])];
    const mask = constant([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], [1, 10, 1]);
    const { data } = evaluate([mixStyles(first, second, mask)], {
      a: new Float64Array(20).fill(1),
      b: new Float64Array(20).fill(7),
    })[0];
    expect([...data]).toEqual([...new Array(8).fill(1), ...new Array(12).fill(7)]);
  });
});

describe("modulated convolution", () => {
  const random = new Random(3, "conv");
  const weight = constant(random.normals(24 * 32 * 9), [24, 32, 3, 3]);
  const x = constant(random.normals(2 * 32 * 196), [2, 32, 14, 14]);
  const style = random.normals(64).map((v) => 1 + 0.5 * v);
  const at = (scale: number) =>
    evaluate(
      [
        modulatedConv(
          x,
          weight,
          constant(
            style.map((v) => v * scale),
            [2, 32],
          ),
        ),
      ],
      {},
    )[0].data;

  test("gives outputs of deviation 1, however large the styles", () => {
    const y = at(1);
    const inner = y.filter((_, i) => [Math.floor(i / 14) % 14, i % 14].every((place) => place > 0 && place < 13));
    expect(Math.abs(rms(inner) - 1)).toBeLessThan(0.02);
    const larger = at(7.3);
    expect(Math.max(...y.map((v, i) => Math.abs(v - larger[i])))).toBeLessThan(1e-5);
  });

  test("is a convolution with weights scaled by style and demodulation", () => {
    const w = evaluate([weight], {})[0].data;
    const pixels = evaluate([x], {})[0].data;
    // Output channel 5 of image 1 at (6, 7), written out.
    let [total, energy] = [0, 0];
    for (let c = 0; c < 32; c++) {
      for (let k = 0; k < 9; k++) {
        const modulated = style[32 + c] * w[(5 * 32 + c) * 9 + k];
        energy += modulated ** 2;
        total += modulated * pixels[((32 + c) * 14 + 5 + Math.floor(k / 3)) * 14 + 6 + (k % 3)];
      }
    }
    expect(at(1)[((24 + 5) * 14 + 6) * 14 + 7]).toBeCloseTo(total / Math.sqrt(energy + 1e-8), 5);
  });
});

describe("resampling", () => {
  const plane = (values: number[], side: number) => constant(values, [1, 1, side, side]);
  const at = (tensor: Tensor) => [...evaluate([tensor], {})[0].data];
  const impulse = (side: number, place: number) => Array.from({ length: side * side }, (_, i) => (i === place ? 1 : 0));

  test("up: an impulse becomes the filter, a constant stays inside, a ramp stays one", () => {
    const y = at(upsample(plane(impulse(4, 5), 4)));
    const taps = [1, 3, 3, 1];
    for (let i = 0; i < 16; i++) {
      const [row, column] = [Math.floor(i / 4), i % 4];
      expect(y[(1 + row) * 8 + 1 + column]).toBeCloseTo((taps[row] * taps[column]) / 16, 6);
    }
    expect(y.reduce((a, b) => a + b)).toBeCloseTo(4, 6);
    const flat = at(upsample(plane(new Array(16).fill(1), 4)));
    expect([flat[8 * 3 + 3], flat[8 * 3], flat[0]].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([1, 12 / 16, 9 / 16]);
    const ramp = at(
      upsample(
        plane(
          Array.from({ length: 16 }, (_, i) => i % 4),
          4,
        ),
      ),
    ).slice(24, 32);
    ramp.forEach((v, i) => {
      expect(v).toBeCloseTo([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 2.25][i], 6);
    });
  });

  test("down: a constant stays inside", () => {
    const flat = at(downsample(plane(new Array(64).fill(1), 8)));
    [1, 56 / 64, 49 / 64].forEach((v, i) => {
      expect([flat[5], flat[4], flat[0]][i]).toBeCloseTo(v, 6);
    });
  });

  test("a convolution with an impulse as kernel is the resampling alone", () => {
    const random = new Random(4, "plane");
    const x = constant(random.normals(64), [1, 1, 8, 8]);
    const one = constant(impulse(3, 4), [1, 1, 3, 3]);
    const styles = constant([1], [1, 1]);
    const up = at(modulatedConv(x, one, styles, { up: true, demodulate: false }));
    at(upsample(x)).forEach((v, i) => {
      expect(up[i]).toBeCloseTo(v, 6);
    });
    const parameters = new Parameters();
    const y = equalisedConv(parameters.scope("conv"), x, 1, 3, { bias: false, down: true });
    // The stored weight works divided by √9.
    const down = evaluate([y], { "conv/weight": Float64Array.from(impulse(3, 4), (v) => 3 * v) })[0].data;
    at(downsample(x)).forEach((v, i) => {
      expect(down[i]).toBeCloseTo(v, 6);
    });
  });

  test("doubling and any kernel: the same as filtering what has zeros between and then convolving", () => {
    const random = new Random(6, "doubled");
    const [x, weight] = [
      [2, 3, 6, 6],
      [4, 3, 3, 3],
    ].map((shape) => constant(random.normals(sizeOf(shape)), shape));
    const styles = constant(random.normals(6), [2, 3]);
    const scaled = mul(x, reshape(styles, [2, 3, 1, 1]));
    const taps = [1, 3, 3, 1].map((tap) => tap / 8);
    const direct = at(conv2d(separableResample(scaled, taps, { up: 2, pads: [3, 2], gain: 4 }), weight));
    const up = at(modulatedConv(x, weight, styles, { up: true, demodulate: false }));
    expect(up).toHaveLength(direct.length);
    direct.forEach((v, i) => {
      expect(up[i]).toBeCloseTo(v, 6);
    });
  });

  test("large sides, by convolution, come to the same as small ones, by matrices", () => {
    const random = new Random(5, "wide");
    const small = random.normals(100);
    const wide = new Float32Array(100 * 100);
    for (let i = 0; i < 10; i++) wide.set(small.subarray(10 * i, 10 * i + 10), 100 * i);
    for (const [resample, sides] of [
      [upsample, [20, 200]],
      [downsample, [5, 50]],
    ] as const) {
      const inSmall = evaluate([resample(constant(small, [1, 1, 10, 10]))], {})[0].data;
      const inWide = evaluate([resample(constant(wide, [1, 1, 100, 100]))], {})[0].data;
      // Away from the rims that only the small one has.
      const reach = sides[0] - 2;
      for (let i = 0; i < reach; i++)
        for (let j = 0; j < reach; j++) expect(inWide[i * sides[1] + j]).toBeCloseTo(inSmall[i * sides[0] + j], 5);
    }
  });
});

describe("the synthesis", () => {
  const random = new Random(6, "synthesis");
  const styles = input("w", [2, 6, 32]);
  const images = (parameters: Parameters, noise: Noise) =>
    synthesise(parameters.scope("synthesis"), styles, toy, noise);

  test("begins with noise of strength 0, so that no kind of noise tells", () => {
    const parameters = new Parameters();
    const drawn = noiseSides(toy).map((side) => constant(random.normals(2 * side * side), [2, 1, side, side]));
    const [a, b, c] = valuesAt(
      parameters,
      { w: random.normals(384) },
      (["constant", "none", { random: drawn }] as const).map((noise) => images(parameters, noise)),
    );
    expect(b).toEqual(a);
    expect(c).toEqual(a);
    expect(a.length).toBe(2 * 256);
  });

  test("uses noise where a strength has been learnt, each kind its own", () => {
    const parameters = new Parameters();
    const drawn = noiseSides(toy).map((side) => constant(random.normals(2 * side * side), [2, 1, side, side]));
    const results = (["constant", "none", { random: drawn }] as const).map((noise) => images(parameters, noise));
    const first = parameters.initialise(new Random(1, "p"));
    const values = Object.fromEntries(
      [...first].map(([name, { data }]) => [
        name,
        name.endsWith("noiseStrength") ? Float64Array.of(0.3) : Float64Array.from(data),
      ]),
    );
    const [a, b, c] = evaluate(results, { ...values, w: Float64Array.from(random.normals(384)) }).map(
      ({ data }) => data,
    );
    for (const [one, other] of [
      [a, b],
      [a, c],
      [b, c],
    ])
      expect(rms(one.map((v, i) => v - other[i]))).toBeGreaterThan(0.01);
  });

  test("refuses a wrong number of styles", () => {
    expect(() => synthesise(new Parameters().scope("s"), input("w", [1, 8, 32]), toy, "none")).toThrow(/6 styles/);
  });

  test("comes to the same on ONNX Runtime, with its gradients", async () => {
    const parameters = new Parameters();
    const y = images(parameters, "constant");
    const probe = constant(random.normals(sizeOf(y.shape)), y.shape);
    const trained = [...parameters.trainable().values()];
    const outputs = Object.fromEntries(
      [y, ...gradients(sum(mul(y, probe)), [styles, ...trained])].map((tensor, i) => [`y${i}`, tensor]),
    );
    const feeds = { w: random.normals(384) };
    const exact = valuesAt(parameters, feeds, Object.values(outputs));
    const state = new State(await openDevice({ threads: 2 }));
    state.write(parameters.initialise(new Random(1, "parameters")));
    const program = await Program.compile(state, { name: "synthesis", outputs });
    const actual = await program.run(feeds);
    await program.release();
    exact.forEach((data, i) => {
      const scale = Math.max(1e-3, ...data.map(Math.abs));
      expect(Math.max(...data.map((v, k) => Math.abs(v - actual[`y${i}`][k]))) / scale).toBeLessThan(1e-4);
    });
  });
});

describe("the discriminator", () => {
  test("tells how much a group differs", () => {
    const same = evaluate([groupDeviation(constant(new Array(4 * 32).fill(0.7), [4, 2, 4, 4]))], {})[0].data;
    expect(same[0]).toBeCloseTo(1e-4, 9);
    const halves = Array.from({ length: 4 * 32 }, (_, i) => (i < 64 ? 1 : -1));
    expect(evaluate([groupDeviation(constant(halves, [4, 2, 4, 4]))], {})[0].data[0]).toBeCloseTo(1, 6);
    expect(() => groupDeviation(input("x", [6, 2, 4, 4]))).toThrow(/groups of 4/);
  });

  test("has features of an image that do not depend on the others, and logits that do", () => {
    const parameters = new Parameters();
    const scope: Scope = parameters.scope("discriminator");
    const { logits, features } = discriminate(scope, input("x", [4, 1, 16, 16]), toy);
    const random = new Random(7, "images");
    const [one, more] = [random.normals(256), random.normals(768)];
    const at = (others: Float32Array) => valuesAt(parameters, { x: [...one, ...others] }, [logits, ...features]);
    const [a, b] = [at(more), at(more.map((v) => 2 * v + 1))];
    expect(features.map(({ shape }) => shape.slice(2))).toEqual([
      [8, 8],
      [4, 4],
    ]);
    a.slice(1).forEach((data, i) => {
      const own = data.length / 4;
      expect(b[1 + i].subarray(0, own)).toEqual(data.subarray(0, own));
    });
    expect(b[0][0]).not.toBe(a[0][0]);
    expect(
      evaluate([sum(square(sub(constant([...a[0]], [4]), constant([...b[0]], [4]))))], {})[0].data[0],
    ).toBeGreaterThan(0);
  });
});
