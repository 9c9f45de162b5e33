/**
 * @file What adaptive augmentation may do to an image (arXiv 2006.06676, appendix B): the transforms by name, selections
 * of them, and the draw of one image's parameters. Lengths are shares of the side, so that a draw knows no resolution.
 */
import { HaleError, type Random } from "@hale/core";

/** The transforms of each stage, in the order in which stages are applied. */
export const STAGES = {
  blit: ["flip", "quarterTurn", "shift"],
  geometric: ["scale", "rotation", "stretch", "translation"],
  colour: ["brightness", "contrast", "lumaFlip", "hue", "saturation"],
  filter: ["bands"],
  noise: ["noise"],
  cutout: ["cutout"],
} as const;

export type Stage = keyof typeof STAGES;
export type TransformName = (typeof STAGES)[Stage][number];

/** What these mean has no counterpart in an image of one channel. */
const COLOURED: readonly TransformName[] = ["hue", "saturation"];

export interface TransformSettings {
  /** Its probability is p times this. */
  multiplier?: number;
  /** Its deviation or largest value, by default that of the source. */
  strength?: number;
}

/** The transforms that may happen. What is not named costs nothing. */
export type Selection = Readonly<Partial<Record<TransformName, TransformSettings>>>;

/** Default strengths; flips, quarter turns and the luma flip have none. */
const STRENGTHS: Record<Exclude<TransformName, "flip" | "quarterTurn" | "lumaFlip">, number> = {
  /** Largest whole shift, share of the side. */
  shift: 0.125,
  /** Deviation of log2. */
  scale: 0.2,
  /** Largest angle. */
  rotation: Math.PI,
  /** Deviation of log2; one axis is stretched as much as the other shrinks. */
  stretch: 0.2,
  /** Deviation, share of the side. */
  translation: 0.125,
  /** Deviation, of values in [-1, 1]. */
  brightness: 0.2,
  /** Deviation of log2. */
  contrast: 0.5,
  /** Largest angle around the grey axis. */
  hue: Math.PI,
  /** Deviation of log2. */
  saturation: 1,
  /** Deviation of log2, each band. */
  bands: 1,
  /** Deviation of the noise's deviation. */
  noise: 0.1,
  /** Side of the square, share of the side. */
  cutout: 0.5,
};

/** Probability and strength of a transform, for an image of so many channels; null where it cannot happen. */
function settingsOf(selection: Selection, name: TransformName, channels: number): Required<TransformSettings> | null {
  const settings = selection[name];
  if (!settings || settings.multiplier === 0 || (channels === 1 && COLOURED.includes(name))) return null;
  return { multiplier: 1, strength: (STRENGTHS as Partial<Record<TransformName, number>>)[name] ?? 1, ...settings };
}

/** The stages that a selection needs. */
export function stagesOf(selection: Selection, channels: number): Stage[] {
  const stages = Object.keys(STAGES) as Stage[];
  return stages.filter((stage) => STAGES[stage].some((name) => settingsOf(selection, name, channels)));
}

/**
 * For grey medical images. At a high p augmentations leak into what the generator makes, and a generator that makes
 * mirrored hearts would hide that one is mirrored: so nothing that mirrors, turns far or makes negatives.
 */
export const MEDICAL: Selection = {
  scale: { strength: 0.1 },
  rotation: { strength: Math.PI / 18 },
  translation: { strength: 0.05 },
  brightness: {},
  contrast: {},
};

/**
 * A selection by name: `medical`, or the stages' letters in their order: b(lit), g(eometric), c(olour), f(ilter), n(oise),
 * c(utout). A single c is colour where nothing stands before it but b and g: `bgc` is the source's default.
 */
export function selectTransforms(name: string): Selection {
  if (name === "medical") return MEDICAL;
  const letters = /^(b)?(g)?(c)?(f)?(n)?(c)?$/.exec(name);
  if (!letters || name === "") {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no augmentation named "${name}".`,
      "Choose medical, none, or letters in this order: b, g, c, f, n, c, such as bg, bgc or bgcfnc.",
    );
  }
  const stages = Object.values(STAGES).filter((_, i) => letters[i + 1]);
  return Object.fromEntries(stages.flat().map((transform) => [transform, {}]));
}

/** Everything that happens to one image. Pairs are [x, y]: x to the right, y down. */
export interface Transformation {
  /** Mirrored, left for right. */
  flip: boolean;
  /** Clockwise turns by 90°. */
  turns: number;
  /** To the right and down, shares of the side that are rounded to whole pixels. */
  shift: readonly [number, number];
  scale: number;
  /** Clockwise angles before and after stretching. */
  before: number;
  after: number;
  /** Factor of the width; the height is divided by it. */
  stretch: number;
  translation: readonly [number, number];
  brightness: number;
  contrast: number;
  lumaFlip: boolean;
  hue: number;
  saturation: number;
  /** Gains of four bands, low frequencies first. */
  bands: readonly number[];
  /** Deviation. */
  noise: number;
  /** Centre of the square, share of the side, and its side; null for none. */
  cutout: { at: readonly [number, number]; side: number } | null;
}

/** Nothing happens. */
export const IDENTITY: Transformation = {
  flip: false,
  turns: 0,
  shift: [0, 0],
  scale: 1,
  before: 0,
  after: 0,
  stretch: 1,
  translation: [0, 0],
  brightness: 0,
  contrast: 1,
  lumaFlip: false,
  hue: 0,
  saturation: 1,
  bands: [1, 1, 1, 1],
  noise: 0,
  cutout: null,
};

/** Expected power of the bands, low frequencies first: that of a 1/f spectrum. */
const POWER = [10 / 13, 1 / 13, 1 / 13, 1 / 13];

/** Gains of the bands: each amplified by chance, the expected power always that of the image. */
function drawBands(random: Random, chance: () => boolean, deviation: number): number[] {
  const gains = [1, 1, 1, 1];
  for (let band = 0; band < gains.length; band++) {
    if (!chance()) continue;
    const factors = gains.map((_, i) => (i === band ? 2 ** (deviation * random.normal()) : 1));
    const power = factors.reduce((total, factor, i) => total + POWER[i] * factor ** 2, 0);
    factors.forEach((factor, i) => {
      gains[i] *= factor / Math.sqrt(power);
    });
  }
  return gains;
}

/** Draws one image's transforms, each with probability p times its multiplier. */
export function drawTransformation(
  random: Random,
  selection: Selection,
  { p, channels }: { p: number; channels: number },
): Transformation {
  /** `draw` with the strength, by chance; otherwise what changes nothing. */
  function maybe<T>(
    name: TransformName,
    otherwise: T,
    draw: (strength: number) => T,
    probability = (chance: number) => chance,
  ): T {
    const settings = settingsOf(selection, name, channels);
    if (!settings) return otherwise;
    return random.uniform() < probability(Math.min(1, p * settings.multiplier)) ? draw(settings.strength) : otherwise;
  }
  const within = (largest: number) => (2 * random.uniform() - 1) * largest;
  const power = (deviation: number) => 2 ** (deviation * random.normal());
  // Two rotations, one of which happens with p. Without the stretch between them they would be one, and could add up
  // to more than its largest angle.
  const twice = settingsOf(selection, "stretch", channels) !== null;
  const either = (chance: number) => (twice ? 1 - Math.sqrt(1 - chance) : chance);
  const bands = settingsOf(selection, "bands", channels);
  return {
    flip: maybe<boolean>("flip", false, () => random.uniform() < 0.5),
    turns: maybe("quarterTurn", 0, () => random.integer(0, 4)),
    shift: maybe("shift", IDENTITY.shift, (most) => [within(most), within(most)] as const),
    scale: maybe("scale", 1, power),
    before: maybe("rotation", 0, within, either),
    stretch: maybe("stretch", 1, power),
    after: twice ? maybe("rotation", 0, within, either) : 0,
    translation: maybe("translation", IDENTITY.translation, (deviation) => {
      return [deviation * random.normal(), deviation * random.normal()] as const;
    }),
    brightness: maybe("brightness", 0, (deviation) => deviation * random.normal()),
    contrast: maybe("contrast", 1, power),
    lumaFlip: maybe<boolean>("lumaFlip", false, () => random.uniform() < 0.5),
    hue: maybe("hue", 0, within),
    saturation: maybe("saturation", 1, power),
    bands: bands
      ? drawBands(random, () => random.uniform() < Math.min(1, p * bands.multiplier), bands.strength)
      : IDENTITY.bands,
    noise: maybe("noise", 0, (deviation) => Math.abs(deviation * random.normal())),
    cutout: maybe<Transformation["cutout"]>("cutout", null, (side) => ({
      at: [random.uniform(), random.uniform()],
      side,
    })),
  };
}
