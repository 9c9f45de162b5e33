/**
 * @file Which slices of a series belong together, and in which order. Order is by geometry (PS3.3, C.7.6.2.1.1), never by
 * file name; instance numbers only serve where there is no geometry, and where several slices are at each place. Slices
 * that may belong to one stack or another are in none: a scan is never a mixture. Joining is left to series.ts.
 */
import { dot, normalOf } from "./geometry.ts";
import { type DicomFrame, isNearSpacing, LABELS } from "./instance.ts";
import type { DicomObject } from "./read.ts";

export interface Slice {
  object: DicomObject;
  frame: number;
  place: DicomFrame;
  /** Of its position on the normal, in millimetres. NaN where it has no place. */
  height: number;
}

export interface Stacks {
  /** Each sorted, of at least one slice. */
  stacks: Slice[][];
  /** Slices of which nothing tells the stack; `reason` goes on after "its series". */
  mixed: { slices: Slice[]; reason: string }[];
  /** Slices that repeat another one. */
  copies: { slice: Slice; of: Slice }[];
  /** In what the images of the series differ, so that it makes several stacks; none for pictures that stand alone. */
  differences: string[];
}

/** Images that are pictures of their own, although one series may hold several of one size. */
const ALONE = new Set([
  "CR",
  "DX",
  "MG",
  "IO",
  "PX",
  "RF",
  "XA",
  "US",
  "XC",
  "ES",
  "GM",
  "SM",
  "OP",
  "OPT",
  "DG",
  "RG",
]);
/** Slices nearer than this, in millimetres, are at one place. */
const SAME_PLACE = 0.005;

/** What must be equal for slices to be stacked; direction and spacing, which are measured, only nearly. */
const EQUAL: readonly [name: string, of: (slice: Slice) => unknown][] = [
  ["size", ({ object: { instance } }) => `${instance.rows} ${instance.columns}`],
  ["colour", ({ object: { scan, photometric } }) => `${scan.channels} ${photometric}`],
  [
    "number type",
    ({ object: { scan } }) =>
      // The range of floats is that of the data.
      scan.stored instanceof Float32Array || scan.stored instanceof Float64Array
        ? scan.stored.constructor.name
        : `${scan.stored.constructor.name} ${scan.range}`,
  ],
  ["unit", ({ object }) => object.scan.unit],
  ["frame of reference", ({ object }) => object.instance.frameOfReferenceUid],
  ["having a place in the patient", isPlaced],
];

export function slicesOf(objects: readonly DicomObject[]): Slice[] {
  return objects.flatMap((object) =>
    object.instance.frames.map((place, frame): Slice => {
      const height =
        place.position && place.orientation ? dot(place.position, normalOf(place.orientation)) : Number.NaN;
      return { object, frame, place, height };
    }),
  );
}

/** Divides the slices of one series. */
export function stacksOf(all: readonly Slice[]): Stacks {
  const found: Stacks = { stacks: [], mixed: [], copies: [], differences: [] };
  for (const [alone, slices] of groupBy(all, aloneKey)) {
    const differ = new Set<string>();
    for (const [name, of] of EQUAL) if (slices.some((slice) => of(slice) !== of(slices[0]))) differ.add(name);
    for (const [, equal] of groupBy(slices, (slice) => EQUAL.map(([, of]) => String(of(slice))).join("|"))) {
      for (const stack of nearlyEqual(equal, differ)) {
        if (Number.isNaN(stack[0].height)) found.stacks.push(inFileOrder(stack));
        else split(stack, 0, found, differ);
      }
    }
    if (alone.startsWith("localizer")) found.differences.push("being localizers");
    found.differences.push(...differ);
  }
  found.differences = [...new Set(found.differences)];
  return found;
}

function isPlaced({ place }: Slice): boolean {
  return place.position !== null && place.orientation !== null;
}

/** Equal for slices that may be stacked. Cine and other multi-frames without places stay as they are; so do pictures that only share a series. */
function aloneKey(slice: Slice): string {
  const { instance } = slice.object;
  const id = instance.sopInstanceUid ?? instance.name;
  if (isLocalizer(instance.imageType)) return `localizer ${id}`;
  return !isPlaced(slice) && (instance.frames.length > 1 || ALONE.has(instance.modality ?? "")) ? `alone ${id}` : "";
}

/** Whether an image only shows where others lie: Image Type, value 3 (PS3.3, C.7.6.1.1.2, C.8.2.1.1.1); some write SCOUT. */
export function isLocalizer(imageType: readonly string[]): boolean {
  return imageType.some((value) => /^(LOCALIZER|SCOUT)$/i.test(value));
}

/** By direction and spacing, each held against the first of a group. */
function nearlyEqual(slices: readonly Slice[], differ: Set<string>): Slice[][] {
  const groups: Slice[][] = [];
  for (const slice of slices) {
    const group = groups.find(
      ([first]) => isParallel(first.place, slice.place) && isNearSpacing(first.place.spacing, slice.place.spacing),
    );
    if (group) group.push(slice);
    else groups.push([slice]);
  }
  const [[first], ...others] = groups;
  for (const [other] of others) {
    if (!isParallel(first.place, other.place)) differ.add("direction");
    if (!isNearSpacing(first.place.spacing, other.place.spacing)) differ.add("pixel spacing");
  }
  return groups;
}

function isParallel(a: DicomFrame, b: DicomFrame): boolean {
  if (!a.orientation || !b.orientation || !a.position || !b.position) return true;
  return dot(a.orientation.row, b.orientation.row) > 0.9999 && dot(a.orientation.column, b.orientation.column) > 0.9999;
}

/** By the number that the file gives a frame or the series an object, then by name. */
function inFileOrder(slices: readonly Slice[]): Slice[] {
  const order = (slice: Slice) => slice.object.instance.instanceNumber ?? Number.MAX_SAFE_INTEGER;
  const name = (slice: Slice) => slice.object.instance.name;
  return [...slices].sort(
    (a, b) => order(a) - order(b) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0) || a.frame - b.frame,
  );
}

/**
 * Sorts by height; where several slices are at one place, divides by the first label (from `label`) that tells them
 * apart: one with no more values than there are slices at the most crowded place. Where no label does, the order may.
 */
function split(slices: readonly Slice[], label: number, found: Stacks, differ: Set<string>): void {
  const sorted = inFileOrder(slices).sort((a, b) => a.height - b.height);
  const places: Slice[][] = [];
  for (const slice of sorted) {
    const place = places[places.length - 1];
    if (place && slice.height - place[0].height < SAME_PLACE) place.push(slice);
    else places.push([slice]);
  }
  const crowd = Math.max(...places.map((place) => place.length));
  if (crowd === 1) {
    found.stacks.push(sorted);
    return;
  }
  const { length } = slices[0].place.labels;
  for (let i = label; i < length; i++) {
    const groups = groupBy(sorted, (slice) => slice.place.labels[i] ?? "");
    if (groups.size > 1 && groups.size <= crowd) {
      differ.add(LABELS[slices[0].place.enhanced ? "enhanced" : "classic"][i]);
      for (const group of groups.values()) split(group, i + 1, found, differ);
      return;
    }
  }
  const rounds = roundsOf(places, crowd);
  if (rounds) {
    found.stacks.push(...rounds);
    differ.add("nothing but their number, at the same places");
    return;
  }
  const repeated = repeatsOf(places);
  if (repeated) {
    found.copies.push(...repeated);
    found.stacks.push(places.map(([first]) => first));
    return;
  }
  found.mixed.push({ slices: sorted, reason: crowdedReason(places, crowd) });
}

/**
 * The stacks of places that are all equally crowded, where the order of the files goes through them place by place or
 * round by round; the last round may have been broken off in its second half, if all go one way: fewer images more may as
 * well stand for others that were taken anew. Null where the order leaves a doubt: if one image of an earlier round were
 * missing, those behind it would slip into a stack of others.
 */
function roundsOf(places: readonly Slice[][], crowd: number): Slice[][] | null {
  const placeOf = new Map(places.flatMap((place, i) => place.map((slice): [Slice, number] => [slice, i])));
  const order = inFileOrder(places.flat());
  const at = order.map((slice) => placeOf.get(slice)!);
  const rounds = Array.from({ length: crowd }, (_, i) => at.slice(i * places.length, (i + 1) * places.length));
  const isEven = places.every((place) => place.length === crowd);
  const byRound = isEven
    ? rounds.every((round) => new Set(round).size === places.length)
    : [1, -1].some((way) => {
        const whole = places.map((_, i) => (way === 1 ? i : places.length - 1 - i));
        return rounds.every(
          (round) => 2 * round.length > whole.length && round.every((place, i) => place === whole[i]),
        );
      });
  const byPlace = isEven && at.every((place, i) => place === at[i - (i % crowd)]);
  if (!byRound && !byPlace) return null;
  return Array.from({ length: crowd }, (_, copy) =>
    places.flatMap((place) => inFileOrder(place).slice(copy, copy + 1)),
  );
}

/** Slices that repeat the first one at their place, sample for sample; null where any slice shows something else there. */
function repeatsOf(places: readonly Slice[][]): Stacks["copies"] | null {
  const copies: Stacks["copies"] = [];
  for (const [first, ...others] of places) {
    for (const slice of others) {
      if (!showsTheSame(first, slice)) return null;
      copies.push({ slice, of: first });
    }
  }
  return copies;
}

function showsTheSame(a: Slice, b: Slice): boolean {
  const [one, other] = [samplesOf(a), samplesOf(b)];
  return (
    one.every((value, i) => Object.is(value, other[i])) &&
    JSON.stringify(a.object.scan.modality) === JSON.stringify(b.object.scan.modality)
  );
}

/** The stored samples of a slice alone; a window. */
export function samplesOf({ object: { scan }, frame }: Slice) {
  const length = scan.size[0] * scan.size[1] * scan.channels;
  return scan.stored.subarray(frame * length, (frame + 1) * length);
}

function crowdedReason(places: readonly Slice[][], crowd: number): string {
  const usual = mostFrequent(places.map(({ length }) => length));
  const odd = places.find(({ length }) => length !== usual);
  const at = (place: readonly Slice[]) =>
    `(${place[0].place.position!.map((value) => Number(value.toFixed(2))).join(", ")}) mm`;
  const where = odd
    ? `has ${usual === 1 ? "1 image" : `${usual} images`} at most places and ${odd.length} at ${at(odd)}`
    : `has ${crowd} images at each place, such as ${at(places[0])}, in no order`;
  return `${where}, and nothing in it tells which images belong together`;
}

/** The number that occurs most often; of several, the first. */
function mostFrequent(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function groupBy<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}
