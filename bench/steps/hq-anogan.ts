/**
 * @file HQ-AnoGAN's training on our side, by the programs that the method itself compiles. They run at different rates: the
 * generator's and the discriminator's in the first part of the iterations, with the path length every fourth and R1 every
 * sixteenth, the encoder's in the rest. A turn runs each once, and their times are added up for an average iteration.
 */

import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import type { GradientRecipe } from "@hale/methods";
import { adamOptions, averageDecay, GROUP, hqAnoGan, INTERVALS } from "@hale/methods/hq-anogan";
import { openDevice } from "@hale/runtime/node";
import type { StepConfig, StepFactory } from "../step.ts";
import { smoothPictures } from "./pictures.ts";

/**
 * The method's is 2.5e-3. Adam's first steps have the size of the rate whatever the gradient's, so that rounding grows with it,
 * most where a leaky ReLU meets zero. At 1e-4 and width 32, after eight turns, PyTorch's float32 is 1.2e-3 from its own float64
 * in the path length, and our R1 2.4e-3 from all of PyTorch's forms; given our weights before each program they agree to 7e-5.
 */
const LEARNING_RATE = 5e-5;
/** Weight of R1. At the method's, 0.05, the first penalties are 5e-5, which is less than the comparison can see. */
const GAMMA = 1000;
/** p of the augmentation, which the method begins at 0 and moves from then on. */
const AUGMENTED = 0.3;
/** Different turns: one is 25 MB, most of it the augmentation's places, which no training would hold. */
const MOST_TURNS = 2;
/** What both sides are given; the rest of the state begins at zero or is not read. */
const SHARED = /^(mapping|synthesis|discriminator|encoder|average|pathLength)\//;

/** At width 16 the method's defaults. Networks are as wide at the largest resolution, and four times as wide at most. */
const settingsOf = ({ width, size, batch }: StepConfig) =>
  hqAnoGan.options.parse({
    batch,
    base: width * size,
    maxChannels: 4 * width,
    encoderWidth: width,
    encoderBatch: Math.max(2, batch / 2),
    learningRate: LEARNING_RATE,
    gamma: GAMMA,
  });

const recipeOf = (config: StepConfig) => hqAnoGan.create(settingsOf(config), { size: config.size, channels: 1 });

const firstState = (config: StepConfig) => recipeOf(config).initialState(new Random(config.seed, "parameters"));

const optimisers = {
  generator: adamOptions(LEARNING_RATE, INTERVALS.pathLength),
  discriminator: adamOptions(LEARNING_RATE, INTERVALS.r1),
};

/**
 * Runs in an average iteration of a whole training. In the first `generatorShare` of the iterations each trains generator and
 * discriminator and moves the averages, and every fourth and every sixteenth of these runs a regulariser too; each of the
 * others trains the encoder. Turns of whole cycles would give the same mean: 48 iterations of one kind and 32 of the other.
 */
const generating = hqAnoGan.options.parse({}).generatorShare;
const shares = {
  generator: generating,
  pathLength: generating / INTERVALS.pathLength,
  discriminator: generating,
  r1: generating / INTERVALS.r1,
  average: generating,
  encoder: 1 - generating,
};

/** The programs' inputs that an image brings, with their shapes; what is left are numbers such as Adam's rates. */
function shapesOf(recipe: GradientRecipe, { size, batch }: StepConfig): Map<string, Record<string, number[]>> {
  const steps = recipe.programs.flatMap((spec) => ("trace" in spec ? [spec] : []));
  const shapes = steps.map(({ name, batch: n, inputs }): [string, Record<string, number[]>] => [
    name,
    Object.fromEntries(Object.entries(inputs).map(([key, shape]) => [key, [n, ...shape]])),
  ]);
  return new Map([...shapes, ["encoder", { image: [Math.max(2, batch / 2), 1, size, size] }]]);
}

/** What the programs of a turn are given, as the method draws it: its own iterations, with programs that only listen. */
async function drawTurn(recipe: GradientRecipe, config: StepConfig, turn: number) {
  const iterations = 1000;
  const heard = new Map<string, Readonly<Record<string, Float32Array>>>();
  const random = (name: string) => new Random(config.seed, `${name}/${turn}`);
  const answers = ["loss", "pixels", "perceptual", "length", "penalty", "sign", "signs"].map(
    (name) => [name, 0] as const,
  );
  const answer = Object.fromEntries([...answers, ["p", AUGMENTED] as const].map(([k, v]) => [k, Float32Array.of(v)]));
  // The iteration in which all of the generator's programs run, and one of the encoder's.
  for (const iteration of [INTERVALS.r1, iterations]) {
    const pictures = random(`pictures of ${iteration}`);
    await recipe.step({
      iteration,
      iterations,
      normals: 1000,
      draw: (_, what) => {
        const count = typeof what === "number" ? what : what.length;
        const images = smoothPictures({ ...config, batch: count }, pictures);
        return { images, indices: [], companions: new Float32Array() };
      },
      random,
      run: async (program, inputs) => {
        heard.set(program, inputs);
        return answer;
      },
    });
  }
  return heard;
}

export const hqAnoGanStep: StepFactory = {
  peer: "hq_anogan_step.py",
  shares,
  losses: ["generator", "pathLength", "discriminator", "r1", "encoder", "pixels", "perceptual"],
  // Lookahead meets its slow weights in the sixth turn.
  defaults: { size: 64, batch: 16, compare: 8 },

  peerOptions(config) {
    const { latent, mappingLayers, batch, gamma, pathLengthWeight, averageKimg, encoderRate, perceptualWeight } =
      settingsOf(config);
    return {
      latent,
      mappingLayers,
      group: Math.min(GROUP, batch),
      gamma,
      pathLengthWeight,
      intervals: INTERVALS,
      averageHalfLife: 1000 * averageKimg,
      adam: optimisers,
      encoderRate,
      perceptualWeight,
    };
  },

  parameters: (config) => new Map([...firstState(config)].filter(([name]) => SHARED.test(name))),

  async batches(config, turns) {
    const recipe = recipeOf(config);
    const result = new Map<string, ad.NamedArray>();
    for (let turn = 0; turn < Math.min(turns, MOST_TURNS); turn++) {
      const heard = await drawTurn(recipe, config, turn);
      for (const [program, inputs] of shapesOf(recipe, config)) {
        for (const [name, shape] of Object.entries(inputs)) {
          result.set(`${program}/${name}/${turn}`, { shape, data: heard.get(program)![name] });
        }
      }
    }
    return result;
  },

  programs: (config) => {
    const all = new Map(recipeOf(config).programs.map((spec) => [spec.name, spec]));
    const names = { ...Object.fromEntries(Object.keys(shares).map((name) => [name, name])), pathLength: "path length" };
    return Object.fromEntries(Object.entries(names).map(([share, name]) => [share, all.get(name)!]));
  },

  async open(config, values, batches, numerics) {
    const { batch, averageKimg, encoderRate } = settingsOf(config);
    const recipe = recipeOf(config);
    const state = new ad.State(await openDevice({ threads: config.threads }), numerics);
    state.write(firstState(config));
    state.write(values);
    const programs = new Map<string, ad.Program | ad.TrainingStep>();
    for (const spec of recipe.programs) {
      programs.set(spec.name, await ("trace" in spec ? ad.compileStep(state, spec) : ad.Program.compile(state, spec)));
    }
    const feeds = new Map<string, Record<string, Float32Array>>();
    const turns = 1 + Math.max(...[...batches.keys()].map((name) => Number(name.split("/").at(-1))));
    for (const [name, { data }] of batches) {
      const [program, ...input] = name.split("/");
      const key = `${program}/${input.pop()}`;
      feeds.set(key, { ...feeds.get(key), [input.join("/")]: data });
    }
    const run = (name: string, turn: number, numbers: Record<string, Float32Array> = {}) =>
      programs.get(name)!.run({ ...feeds.get(`${name}/${turn % turns}`), ...numbers });
    /** Each network's Adam takes two steps a turn, its regulariser's the second. */
    const adam = (network: keyof typeof optimisers, turn: number, step: 1 | 2) =>
      ad.adamInputs(optimisers[network], 2 * turn + step, optimisers[network].learningRate);
    return {
      async generator(turn) {
        const { loss } = await run("generator", turn, adam("generator", turn, 1));
        return { generator: loss[0] };
      },
      async pathLength(turn) {
        const { penalty, length } = await run("path length", turn, adam("generator", turn, 2));
        await run("path length average", turn, { length });
        return { pathLength: penalty[0] };
      },
      async discriminator(turn) {
        const { loss } = await run("discriminator", turn, adam("discriminator", turn, 1));
        return { discriminator: loss[0] };
      },
      async r1(turn) {
        const { penalty } = await run("r1", turn, adam("discriminator", turn, 2));
        return { r1: penalty[0] };
      },
      /** And what the augmentation remembers, which is two programs more for us. */
      async average(turn) {
        await run("average", turn, { decay: Float32Array.of(averageDecay(batch, averageKimg, (turn + 1) * batch)) });
        const { p, signs } = await run("augmentation", turn);
        await run("augmentation next", turn, { nextP: p, nextSigns: signs });
        return {};
      },
      async encoder(turn) {
        const { loss, pixels, perceptual } = await run("encoder", turn, ad.rangerInputs({}, turn + 1, encoderRate));
        return { encoder: loss[0], pixels: pixels[0], perceptual: perceptual[0] };
      },
    };
  },
};
