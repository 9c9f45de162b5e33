/**
 * @file What the patch methods (patchcore, padim) share: which features they take of a backbone where nothing is said, rows of
 * patches of images, made narrower where that is asked for, and options of how map and score are made of patches' distances.
 */
import { input, matmul, type NamedArray, type Tensor } from "@hale/autodiff";
import { HaleError } from "@hale/core";
import { z } from "zod";
import type { ImageShape } from "../method.ts";
import type { Backbone } from "./description.ts";
import { AUTO, BUILT_IN, chosenLayers, type FeatureChoice, featureSource } from "./feature-choice.ts";
import type { BackboneCredit, FeatureSource } from "./feature-source.ts";
import { gridOf, patchesOf } from "./patch-features.ts";

/** Pixels of the image a place, of the layers that are taken of a network: those in its middle, as in both papers. */
const MIDDLE = [8, 16];

/** Side that images must have for the built-in filters to have 6 x 6 places. */
const LEAST_SIDE = 24;

/** Both papers' blur of the map, 4 of 224 pixels. */
const BLUR = 4 / 224;

export const answerOptions = {
  share: z.number().gt(0).max(1).default(0.05).describe("of the places, those farthest off, that `top` averages"),
  smoothing: z
    .union([z.literal(AUTO), z.number().min(0).max(64)])
    .default(AUTO)
    .describe("deviation of the map's Gaussian blur in pixels; auto: a 56th of the image's side"),
};

/** Deviation of the map's blur in pixels. */
export const smoothingOf = ({ smoothing }: { smoothing: typeof AUTO | number }, { size }: ImageShape): number =>
  smoothing === AUTO ? BLUR * size : smoothing;

/** Images as rows of patches. */
export interface PatchSource {
  credit: BackboneCredit;
  /** Places of an image, and numbers of a row. */
  places: number;
  width: number;
  /** Rows [N, places, width] of images x [N, C, S, S]. */
  patches(x: Tensor): Tensor;
  /** What `patches` reads and nothing changes. */
  frozen: ReadonlyMap<string, NamedArray>;
}

export interface PatchSettings extends FeatureChoice {
  /** Places along each side over which a feature is averaged, odd. */
  neighbourhood: number;
}

/** Makes rows of `from` numbers narrower: `matrix` [from, to] of `from`, or null where they stay as they are. */
export type Narrowing = (from: number) => { to: number; matrix: Float32Array } | null;

/** `prefix` is that of the method's state. Throws OPTION_INVALID where the options do not fit the backbone or the image. */
export function patchSource(
  settings: PatchSettings,
  shape: ImageShape,
  { backbone, narrowing, prefix }: { backbone?: Backbone; narrowing: Narrowing; prefix: string },
): PatchSource {
  if (settings.neighbourhood % 2 === 0) {
    throw new HaleError("OPTION_INVALID", "A neighbourhood of even size has no middle.", "Make it odd.", {
      setting: "neighbourhood",
    });
  }
  const source = featureSource(settings, backbone);
  const picture = input("x", [1, shape.channels, shape.size, shape.size]);
  const layers = chosenLayers(settings, source, () => middleLayers(source, picture));
  const places = gridOf(source.features(picture, layers)) ** 2;
  const full = layers.reduce((total, layer) => total + source.channels(layer), 0);
  const narrow = narrowing(full);
  const whole = (x: Tensor) => patchesOf(source.features(x, layers), settings.neighbourhood);
  const base = { credit: source.credit(layers), places };
  if (!narrow) return { ...base, width: full, patches: whole, frozen: new Map() };
  const name = `${prefix}/narrowing`;
  const array: NamedArray = { shape: [full, narrow.to], data: narrow.matrix };
  return {
    ...base,
    width: narrow.to,
    patches: (x) => matmul(whole(x), input(name, array.shape)),
    frozen: new Map([[name, array]]),
  };
}

/** Of a network's feature layers those of an eighth and a sixteenth of the image; the last two where there are none. */
function middleLayers(source: FeatureSource, picture: Tensor): readonly string[] {
  const features = source.features(picture, source.layers);
  const middle = source.layers.filter((_, i) =>
    MIDDLE.some((pixels) => features[i].shape[2] === Math.ceil(picture.shape[2] / pixels)),
  );
  return middle.length > 0 ? middle : source.layers.slice(-2);
}

/** Whether the features come from the built-in filters. */
export const ofFilters = ({ backbone }: FeatureChoice): boolean => backbone === BUILT_IN;

/** Throws OPTION_INVALID for images that are too small. */
export function checkSide({ size }: ImageShape, method: string): void {
  if (size >= LEAST_SIDE) return;
  throw new HaleError(
    "OPTION_INVALID",
    `Images of ${size} pixels are too small for ${method}.`,
    `Use at least ${LEAST_SIDE}.`,
    { setting: "size" },
  );
}
