/** @file A turn of the generator's training: which steps an iteration takes, as which of Adam's, and how ADA is steered. */
import { adamInputs, lazyAdam, Parameters } from "@hale/autodiff";
import { Random } from "@hale/core";
import { describe, expect, test } from "vitest";
import type { StepContext } from "../method.ts";
import { adjustProbability } from "./ada/controller.ts";
import { selectTransforms } from "./ada/transforms.ts";
import { averageDecay, ganTurn, type TurnOptions } from "./turn.ts";

const architecture = { size: 16, channels: 1, latent: 8, mappingLayers: 1, base: 32, maxChannels: 4 } as const;
const BATCH = 4;
const RATE = 0.0025;
const settings: TurnOptions = {
  batch: BATCH,
  learningRate: RATE,
  gamma: 1,
  pathLengthWeight: 2,
  augmentation: selectTransforms("c"),
  mixing: 0.9,
  averageKimg: 5,
  augmentationKimg: 1,
};

interface Run {
  iteration: number;
  program: string;
  inputs: Readonly<Record<string, Float32Array>>;
}

/** Takes turns with programs that only answer: the discriminator with the given signs, the memory with what it was told. */
async function take(signs: readonly number[], others: Partial<TurnOptions> = {}) {
  const turn = ganTurn(new Parameters(), architecture, { ...settings, ...others });
  const runs: Run[] = [];
  const losses: Record<string, number>[] = [];
  let [p, sum] = [turn.state.get("augmentation/p")!.data, turn.state.get("augmentation/signs")!.data];
  for (const [i, sign] of signs.entries()) {
    const iteration = i + 1;
    const context: StepContext = {
      iteration,
      iterations: signs.length,
      normals: 1,
      draw: () => ({ images: new Float32Array(BATCH * 256), indices: [], companions: new Float32Array() }),
      random: (name) => new Random(1, `${name}/${iteration}`),
      run: async (program, inputs) => {
        runs.push({ iteration, program, inputs });
        if (program === "augmentation") return { p, signs: sum };
        if (program === "augmentation next") [p, sum] = [inputs.nextP, inputs.nextSigns];
        const answers = { loss: 0, penalty: 0, length: 0, sign };
        return Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, Float32Array.of(value)]));
      },
    };
    losses.push(await turn.take(context));
  }
  const of = (...programs: string[]) => runs.filter(({ program }) => programs.includes(program));
  return { losses, of, p: () => p[0], names: turn.programs.map(({ name }) => name) };
}

const zeros = (count: number) => new Array<number>(count).fill(0);

describe("regularisers", () => {
  test("R1 runs at every sixteenth iteration and the path length at every fourth", async () => {
    const { of, losses } = await take(zeros(33));
    const iterations = (program: string) => of(program).map(({ iteration }) => iteration);
    expect(iterations("generator")).toEqual(Array.from({ length: 33 }, (_, i) => i + 1));
    expect(iterations("discriminator")).toEqual(iterations("generator"));
    expect(iterations("r1")).toEqual([16, 32]);
    expect(iterations("path length")).toEqual([4, 8, 12, 16, 20, 24, 28, 32]);
    expect(iterations("path length average")).toEqual(iterations("path length"));
    expect(losses.flatMap((line, i) => ("discriminator/r1" in line ? [i + 1] : []))).toEqual([16, 32]);
  });

  test("the path length is left out at weight 0", async () => {
    const { of, names } = await take(zeros(4), { pathLengthWeight: 0 });
    expect(of("path length", "path length average")).toEqual([]);
    expect(names).not.toContain("path length");
  });

  test("are steps of Adam like the others: each network's are counted without a gap, at its lazy rate", async () => {
    const expectSteps = (runs: Run[], interval: number | null) => {
      const plain = { learningRate: RATE, beta1: 0, beta2: 0.99 };
      const adam = interval === null ? plain : lazyAdam(plain, interval);
      runs.forEach(({ inputs: { rate, epsilon } }, i) => {
        expect({ rate, epsilon }, `step ${i + 1}`).toEqual(adamInputs(adam, i + 1, adam.learningRate));
      });
    };
    const { of } = await take(zeros(33));
    expect(of("generator", "path length")).toHaveLength(33 + 8);
    expectSteps(of("generator", "path length"), 4);
    expect(of("discriminator", "r1")).toHaveLength(33 + 2);
    expectSteps(of("discriminator", "r1"), 16);
    expectSteps((await take(zeros(5), { pathLengthWeight: 0 })).of("generator"), null);
  });
});

describe("the augmentation's probability", () => {
  test("follows the mean of the signs since it was last adjusted, every fourth iteration", async () => {
    const signs = [1, 1, 1, 1, 1, 1, 0.5, 0, 0, 1, 0, 0.2, 1, 1, 1, 1, 0.6];
    const { losses, p } = await take(signs);
    let expected = 0;
    signs.forEach((_, i) => {
      if (i % 4 === 3) {
        const mean = signs.slice(i - 3, i + 1).reduce((a, b) => a + b) / 4;
        expected = Math.fround(adjustProbability(expected, mean, { batch: BATCH, interval: 4, kimg: 1 }));
      }
      expect(losses[i]["augmentation/p"], `iteration ${i + 1}`).toBeCloseTo(expected, 6);
    });
    // Up, up, down, up: two steps of 16 images in a thousand.
    expect(p()).toBeCloseTo(2 * 0.016, 6);
  });

  test("is that of the transforms that the discriminator's images go through", async () => {
    const untouched = (inputs: Run["inputs"], prefix: string) => inputs[`${prefix}matrix`].every((v) => v === 1);
    const { of } = await take(new Array<number>(400).fill(1), { augmentationKimg: 1 });
    for (const [program, kinds] of [
      ["generator", ["augment/fake/"]],
      ["discriminator", ["augment/fake/", "augment/real/"]],
      ["r1", ["augment/real/"]],
    ] as const) {
      for (const kind of kinds) {
        const runs = of(program);
        expect(Object.keys(runs[0].inputs)).toContain(`${kind}matrix`);
        // p is 0 in the first four iterations, and 1 in the last hundred.
        expect(runs.filter(({ iteration }) => iteration <= 4).every(({ inputs }) => untouched(inputs, kind))).toBe(
          true,
        );
        expect(runs.filter(({ iteration }) => iteration > 300).some(({ inputs }) => untouched(inputs, kind))).toBe(
          false,
        );
      }
    }
  });

  test("is not kept where there is no augmentation", async () => {
    const { of, losses } = await take(zeros(4), { augmentation: {} });
    expect(of("augmentation next")).toEqual([]);
    expect(losses[3]).not.toHaveProperty("augmentation/p");
  });
});

test("styles of generated images are mixed as often as asked for, but not where path lengths are measured", async () => {
  const share = async (mixing: number) => {
    const { of } = await take(zeros(8), { mixing });
    expect(of("path length").every(({ inputs }) => !("mask" in inputs))).toBe(true);
    const masks = of("generator", "discriminator").flatMap(({ inputs }) => [...inputs.mask]);
    return masks.filter((v) => v === 1).length;
  };
  expect(await share(0)).toBe(0);
  expect(await share(1)).toBeGreaterThan(16 * BATCH);
});

test("the average forgets half in its half-life, sooner while few images have been seen", async () => {
  expect(averageDecay(16, 5, 1e6)).toBeCloseTo(0.997784, 6);
  expect(averageDecay(16, 5, 10_000)).toBeCloseTo(0.978063, 6);
  expect(averageDecay(16, 5, 1e6) ** (5000 / 16)).toBeCloseTo(0.5, 6);
  const { of } = await take(zeros(3));
  of("average").forEach(({ inputs, iteration }) => {
    expect(inputs.decay).toEqual(Float32Array.of(averageDecay(BATCH, 5, iteration * BATCH)));
  });
});
