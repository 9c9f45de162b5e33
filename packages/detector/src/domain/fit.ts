/**
 * @file Describes the look of a set of normal images for the card. Each image is measured by what the others say is
 * usual, so that limits hold for images that were not among them; an image's patient or group is left out with it. Measured:
 * results/domain.csv.
 */
import { quantileOfSorted } from "@hale/statistics";
import { type Description, type Part, structureTurned } from "./description.ts";
import { distanceFrom, fitGaussian } from "./gaussian.ts";
import { type Distances, distancesOf, type Measures, measuresOf, PART_NAMES, type Usual } from "./measures.ts";
import { type DomainRecord, encodeGaussian, MOST_DIRECTIONS } from "./record.ts";

/** Fewest images that say what is usual. */
export const FEWEST = 20;
/** Most images that are looked at, evenly spread: more change nothing. */
const MOST = 2000;
/** Parts that the images are dealt into; each is measured by the others. */
const FOLDS = 5;

/**
 * Variances below these are measured as these. Brightness: 5 % of it; colour: 2 % of full scale, which recompression may make;
 * the others: what is lost in storing them.
 */
const LEAST: Record<Part, number> = { structure: 1e-5, texture: 1e-5, brightness: 0.05 ** 2, colour: 0.02 ** 2 };

/** The share of normals that is measured to set a limit, and how many times that measure the limit is. */
const SHARE = 0.98;
const MARGIN: Measures = { appearance: 1.25, brightness: 2, colour: 1.5, inverted: 1.15, upsideDown: 1.15 };
/**
 * The margin of structure and texture may be as large, so that lesions stay inside, as long as this share of the images turned by
 * a quarter stays outside: images whose structure is as usual when they are turned say little of what they show.
 */
const MOST_MARGIN = 1.5;
const TURNED_INSIDE = 0.05;
/**
 * Limits are at least this. Where the inverse of an image is less usual than the image, the image is not inverted; where all
 * are grey, twice the least variance of colour is colour.
 */
const LEAST_LIMIT: Measures = { appearance: 0, brightness: 2, colour: 2, inverted: 1, upsideDown: 1 };

/** `clusters[i]` is the patient, group or image of `descriptions[i]`; those of one cluster stay together. */
export function fitDomain(
  descriptions: readonly Description[],
  clusters: readonly string[],
): { domain: DomainRecord } | { domainReason: string } {
  const folds = foldsOf(clusters);
  if (descriptions.length < FEWEST || folds.size < 2) {
    const few = descriptions.length < FEWEST ? `${descriptions.length} normal images` : "one patient or group";
    return { domainReason: `${few} cannot tell how such images look; it takes ${FEWEST} of two or more.` };
  }
  const chosen = evenly(descriptions.length, MOST);
  const fit = (indices: readonly number[]): Usual => {
    const of = (part: Part) =>
      fitGaussian(
        indices.map((i) => descriptions[i][part]),
        MOST_DIRECTIONS,
        LEAST[part],
      );
    return { structure: of("structure"), texture: of("texture"), brightness: of("brightness"), colour: of("colour") };
  };
  const distances: Distances[] = [];
  /** Of the structure turned by a quarter, by the same Gaussians. */
  const turned: Distances[] = [];
  for (const fold of folds.values()) {
    const [own, others] = [chosen.filter((i) => fold.has(i)), chosen.filter((i) => !fold.has(i))];
    if (own.length === 0 || others.length < FEWEST / 4) continue;
    const usual = fit(others);
    for (const i of own) {
      const found = distancesOf(usual, descriptions[i]);
      distances.push(found);
      const structure = distanceFrom(usual.structure, structureTurned(descriptions[i].structure));
      turned.push({ ...found, structure });
    }
  }
  if (distances.length === 0) return { domainReason: "Nearly all normal images are of one patient or group." };
  const sorted = (of: (one: Distances) => number, from = distances) => Float64Array.from(from, of).sort();
  const median = (part: "structure" | "texture") =>
    quantileOfSorted(
      sorted((one) => one[part]),
      0.5,
    ) || 1;
  const medians = { structure: median("structure"), texture: median("texture") };
  const usually = (name: keyof Measures, share = SHARE, from = distances) =>
    quantileOfSorted(
      sorted((one) => measuresOf(one, medians)[name], from),
      share,
    );
  const limit = (name: keyof Measures) => Math.max(LEAST_LIMIT[name], MARGIN[name] * usually(name));
  const appearance = Math.max(
    limit("appearance"),
    Math.min(MOST_MARGIN * usually("appearance"), usually("appearance", TURNED_INSIDE, turned)),
  );
  const usual = fit(chosen);
  const [structure, texture, brightness, colour] = PART_NAMES.map((part) => encodeGaussian(usual[part]));
  return {
    domain: {
      images: chosen.length,
      usual: { structure, texture, brightness, colour },
      medians,
      limits: {
        appearance,
        brightness: limit("brightness"),
        colour: limit("colour"),
        inverted: limit("inverted"),
        upsideDown: limit("upsideDown"),
      },
    },
  };
}

/** Indices by fold; clusters go to folds in turn. */
function foldsOf(clusters: readonly string[]): Map<number, Set<number>> {
  const numbers = new Map<string, number>();
  const folds = new Map<number, Set<number>>();
  for (const [i, cluster] of clusters.entries()) {
    const number = numbers.get(cluster) ?? numbers.size;
    numbers.set(cluster, number);
    const fold = folds.get(number % FOLDS) ?? new Set<number>();
    folds.set(number % FOLDS, fold.add(i));
  }
  return folds;
}

/** At most `most` of the numbers below `count`, evenly spread. */
function evenly(count: number, most: number): number[] {
  const kept = Math.min(count, most);
  return Array.from({ length: kept }, (_, k) => Math.floor((k * count) / kept));
}
