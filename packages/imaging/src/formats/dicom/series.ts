/**
 * @file From objects to stacks of slices: which belong together, in which order, and whether they are a volume. Order
 * is by geometry (PS3.3, C.7.6.2.1.1), never by file name; instance numbers only serve where there is no geometry.
 */
import { MAX_PIXELS } from "../../raster/limits.ts";
import type { ModalityTransform, Samples, Scan, VoiTransform } from "../../volumes/scan.ts";
import { dot, normalOf, type Stack, stackOf } from "./geometry.ts";
import { type DicomFrame, type DicomInstance, spacingKey } from "./instance.ts";
import type { DicomObject } from "./read.ts";

export interface DicomSeries {
  scan: Scan;
  /** The objects that slices come from, each once, in the order of their first slice. */
  instances: DicomInstance[];
  /** For each slice of the scan: its object in `instances`, and its frame there, from 0. */
  slices: { instance: number; frame: number }[];
  /** Why the scan has no affine; null where it has one. */
  reason: string | null;
}

export interface LeftOut {
  name: string;
  reason: string;
  /** It is, or may be, an image that is missing from the result: not a copy, a list or a file of another kind. */
  lost: boolean;
}

interface Slice {
  object: DicomObject;
  frame: number;
  place: DicomFrame;
  /** Of its position on the normal, in millimetres. */
  height: number;
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

/**
 * Groups objects by series and by what can be stacked, sorts each stack by geometry, and joins it to one scan.
 * Copies of one object, and stacks beyond the pixel budget, are left out with a reason.
 */
export function assembleSeries(
  objects: readonly DicomObject[],
  maxPixels = MAX_PIXELS,
): { series: DicomSeries[]; leftOut: LeftOut[] } {
  const leftOut: LeftOut[] = [];
  const seen = new Map<string, string>();
  const groups = new Map<string, DicomObject[]>();
  for (const [i, object] of objects.entries()) {
    const { sopInstanceUid, seriesUid, studyUid, name } = object.instance;
    const first = sopInstanceUid === null ? undefined : seen.get(sopInstanceUid);
    if (first !== undefined) {
      leftOut.push({ name, reason: `it is the same object as ${first}`, lost: false });
      continue;
    }
    if (sopInstanceUid !== null) seen.set(sopInstanceUid, name);
    const key = seriesUid === null ? `alone ${i}` : `${studyUid} ${seriesUid}`;
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  const series: DicomSeries[] = [];
  for (const group of groups.values()) {
    for (const stack of stacksOf(group)) {
      const pixels = stack.length * stack[0].object.instance.rows * stack[0].object.instance.columns;
      if (pixels > maxPixels) {
        for (const name of new Set(stack.map((slice) => slice.object.instance.name))) {
          leftOut.push({
            name,
            reason: `its series has ${pixels} pixels, and at most ${maxPixels} are read`,
            lost: true,
          });
        }
      } else series.push(joined(stack));
    }
  }
  return { series, leftOut };
}

/** Slices of one series, divided into stacks that are sorted. */
function stacksOf(objects: DicomObject[]): Slice[][] {
  const slices = objects.flatMap((object) =>
    object.instance.frames.map((place, frame): Slice => {
      const height =
        place.position && place.orientation ? dot(place.position, normalOf(place.orientation)) : Number.NaN;
      return { object, frame, place, height };
    }),
  );
  return groupBy(slices, keyOf)
    .flatMap(byOrientation)
    .flatMap((stack) => (Number.isNaN(stack[0].height) ? [inFileOrder(stack)] : split(stack, 0)));
}

/** What must be equal for slices to be stacked, orientation apart. */
function keyOf({ object, place }: Slice): string {
  const { scan, instance, photometric } = object;
  const isPlaced = place.position !== null && place.orientation !== null;
  // Cine and other multi-frames without places stay as they are; so do pictures that only share a series.
  const alone = !isPlaced && (instance.frames.length > 1 || ALONE.has(instance.modality ?? ""));
  const isLocalizer = instance.imageType.some((value) => value === "LOCALIZER");
  return [
    instance.rows,
    instance.columns,
    scan.channels,
    photometric,
    scan.stored.constructor.name,
    // The range of floats is that of the data.
    scan.stored instanceof Float32Array || scan.stored instanceof Float64Array ? "" : scan.range.join(),
    spacingKey(place.spacing),
    scan.unit,
    instance.frameOfReferenceUid,
    isPlaced,
    alone || isLocalizer ? `${isLocalizer} ${instance.sopInstanceUid ?? instance.name}` : "",
  ].join("|");
}

function byOrientation(slices: Slice[]): Slice[][] {
  const groups: Slice[][] = [];
  for (const slice of slices) {
    const group = groups.find(([first]) => isParallel(first.place, slice.place));
    if (group) group.push(slice);
    else groups.push([slice]);
  }
  return groups;
}

function isParallel(a: DicomFrame, b: DicomFrame): boolean {
  if (!a.orientation || !b.orientation || !a.position || !b.position) return true;
  return dot(a.orientation.row, b.orientation.row) > 0.9999 && dot(a.orientation.column, b.orientation.column) > 0.9999;
}

/** By the number that the file gives a frame or the series an object, then by name. */
function inFileOrder(slices: Slice[]): Slice[] {
  const order = (slice: Slice) => slice.object.instance.instanceNumber ?? Number.MAX_SAFE_INTEGER;
  return slices.sort(
    (a, b) =>
      order(a) - order(b) ||
      (a.object.instance.name < b.object.instance.name
        ? -1
        : a.object.instance.name > b.object.instance.name
          ? 1
          : 0) ||
      a.frame - b.frame,
  );
}

/**
 * Sorted by height; where several slices are at one place, divided by the first label (from `label`) that tells them
 * apart: one with no more values than there are slices at the most crowded place. Where no label does, the first at
 * each place are a stack, the second another, by the file's order.
 */
function split(slices: Slice[], label: number): Slice[][] {
  const sorted = inFileOrder(slices).sort((a, b) => a.height - b.height);
  const places: Slice[][] = [];
  for (const slice of sorted) {
    const place = places[places.length - 1];
    if (place && slice.height - place[0].height < SAME_PLACE) place.push(slice);
    else places.push([slice]);
  }
  const crowd = Math.max(...places.map((place) => place.length));
  if (crowd === 1) return [sorted];
  for (let i = label; i < slices[0].place.labels.length; i++) {
    const groups = groupBy(sorted, (slice) => slice.place.labels[i] ?? "");
    if (groups.length > 1 && groups.length <= crowd) return groups.flatMap((group) => split(group, i + 1));
  }
  return Array.from({ length: crowd }, (_, copy) =>
    places.flatMap((place) => inFileOrder(place).slice(copy, copy + 1)),
  );
}

function joined(stack: Slice[]): DicomSeries {
  const [{ object, place }] = stack;
  const { scan, instance } = object;
  const [across, down] = place.spacing;
  const instances = [...new Set(stack.map((slice) => slice.object.instance))];
  const slices = stack.map((slice) => ({ instance: instances.indexOf(slice.object.instance), frame: slice.frame }));
  const single = stack.length === 1 ? (instance.frames.length === 1 ? scan.spacing[2] : instance.sliceThickness) : null;
  const geometry: Stack = stackOf(
    stack.map((slice) => slice.place.position),
    place.orientation,
    across,
    down,
    single,
  );
  const isWhole =
    instances.length === 1 && slices.every((slice, i) => slice.frame === i) && scan.size[2] === stack.length;
  return {
    scan: {
      ...scan,
      size: [scan.size[0], scan.size[1], stack.length],
      stored: isWhole ? scan.stored : joinSamples(stack),
      range: rangeOf(stack),
      modality: sameOrEach<ModalityTransform>(stack.map((slice) => ofFrame(slice.object.scan.modality, slice.frame))),
      voi: voiOf(stack),
      affine: geometry.affine,
      spacing: [across, down, geometry.step],
    },
    instances,
    slices,
    reason: geometry.reason,
  };
}

function joinSamples(stack: Slice[]): Samples {
  const { scan } = stack[0].object;
  const length = scan.size[0] * scan.size[1] * scan.channels;
  const out = new (scan.stored.constructor as new (length: number) => Samples)(length * stack.length);
  for (const [i, { object, frame }] of stack.entries()) {
    out.set(object.scan.stored.subarray(frame * length, (frame + 1) * length) as never, i * length);
  }
  return out;
}

function rangeOf(stack: Slice[]): [number, number] {
  const ranges = stack.map((slice) => slice.object.scan.range);
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}

function voiOf(stack: Slice[]): readonly VoiTransform[] {
  const all = stack.map((slice) => ofFrame(slice.object.scan.voi, slice.frame));
  return all.every((voi) => voi !== undefined) ? sameOrEach(all as VoiTransform[]) : [];
}

const ofFrame = <T>(values: readonly T[], frame: number): T => values[values.length === 1 ? 0 : frame];

/** One where all are alike. */
function sameOrEach<T extends { kind: string }>(values: T[]): T[] {
  const first = JSON.stringify(plain(values[0]));
  return values.every((value) => value === values[0] || JSON.stringify(plain(value)) === first) ? [values[0]] : values;
}

/** Tables compared as arrays. */
const plain = (value: object) =>
  Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, ArrayBuffer.isView(part) ? [...(part as Uint16Array)] : part]),
  );

function groupBy<T>(values: readonly T[], key: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return [...groups.values()];
}
