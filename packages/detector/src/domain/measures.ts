/** @file How far a description is from what is usual: the five distances that have a limit. */
import { type Description, PARTS, type Part, structureInverted, structureUpsideDown } from "./description.ts";
import { distanceFrom, type Gaussian } from "./gaussian.ts";
import type { DomainRecord } from "./record.ts";

export type Usual = Record<Part, Gaussian>;
export type Medians = DomainRecord["medians"];
export type Measures = Record<keyof DomainRecord["limits"], number>;

/** Names of the parts, in order. */
export const PART_NAMES = Object.keys(PARTS) as Part[];

export interface Distances extends Record<Part, number> {
  /** Of the structure, over that of the image with black and white exchanged, and upside down. */
  inverted: number;
  upsideDown: number;
}

/** Below this a distance says nothing: both an image and its inverse are as usual as can be. */
const LEAST = 1e-6;

export function distancesOf(usual: Usual, description: Description): Distances {
  const of = (part: Part) => distanceFrom(usual[part], description[part]);
  const structure = of("structure");
  const over = (other: Float64Array) => structure / Math.max(LEAST, distanceFrom(usual.structure, other));
  return {
    structure,
    texture: of("texture"),
    brightness: of("brightness"),
    colour: of("colour"),
    inverted: over(structureInverted(description.structure)),
    upsideDown: over(structureUpsideDown(description.structure)),
  };
}

export function measuresOf({ structure, texture, ...others }: Distances, medians: Medians): Measures {
  const { brightness, colour, inverted, upsideDown } = others;
  const appearance = Math.hypot(structure / medians.structure, texture / medians.texture);
  return { appearance, brightness, colour, inverted, upsideDown };
}
