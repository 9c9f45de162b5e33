/**
 * @file From objects to scans: objects of one series are divided into stacks (stacks.ts), and each stack is joined to one
 * scan, with the samples, transforms and places of its slices in their order.
 */
import { MAX_PIXELS } from "../../raster/limits.ts";
import type { ModalityTransform, Samples, Scan, VoiTransform } from "../../volumes/scan.ts";
import { type Stack, stackOf } from "./geometry.ts";
import type { DicomInstance } from "./instance.ts";
import type { DicomObject } from "./read.ts";
import { damaged } from "./refuse.ts";
import { type Slice, samplesOf, slicesOf, stacksOf } from "./stacks.ts";

export interface DicomSeries {
  scan: Scan;
  /** The objects that slices come from, each once, in the order of their first slice. */
  instances: DicomInstance[];
  /** For each slice of the scan: its object in `instances`, and its frame there, from 0. */
  slices: { instance: number; frame: number }[];
  /** Why the scan has no affine; null where it has one. */
  reason: string | null;
  /** What is to be known of it, in sentences without patient data: why its series makes several scans, or has a gap. */
  notes: string[];
}

export interface LeftOut {
  name: string;
  reason: string;
  /** It is, or may be, an image that is missing from the result: not a copy, a list or a file of another kind. */
  lost: boolean;
  /** Of images that could be read, and have no place in a scan: beyond the budget, or of unknown membership. */
  cause?: "too-large" | "mixed";
}

/**
 * Groups objects by series and by what can be stacked, sorts each stack by geometry, and joins it to one scan.
 * Copies of one object, stacks beyond the pixel budget, and images that may belong to one stack or another, are left out
 * with a reason.
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
    const { stacks, mixed, copies, differences } = stacksOf(slicesOf(group));
    for (const { slice, of } of copies) {
      const reason = `it shows the same place with the same pixels as ${of.object.instance.name}`;
      leftOut.push({ name: slice.object.instance.name, reason, lost: false });
    }
    for (const { slices, reason } of mixed) leave(slices, `its series ${reason}`, "mixed");
    const parts = stacks.length + mixed.length;
    const note =
      parts > 1 && differences.length > 0
        ? [`One DICOM series makes ${parts} scans: its images differ in ${differences.join(", ")}.`]
        : [];
    for (const stack of stacks) {
      const pixels = stack.length * stack[0].object.instance.rows * stack[0].object.instance.columns;
      if (pixels <= maxPixels) series.push(joined(stack, note));
      else leave(stack, `its series has ${pixels} pixels, and at most ${maxPixels} are read`, "too-large");
    }
  }
  return { series, leftOut };

  function leave(slices: readonly Slice[], reason: string, cause: LeftOut["cause"]): void {
    for (const name of new Set(slices.map((slice) => slice.object.instance.name)))
      leftOut.push({ name, reason, lost: true, cause });
  }
}

/** The scans of one object: its frames put together. Throws IMAGE_CORRUPT where nothing tells which belong together. */
export function scansOfObject(object: DicomObject, name: string): DicomSeries[] {
  const { series, leftOut } = assembleSeries([object], Infinity);
  const [lost] = leftOut.filter((one) => one.lost);
  if (lost) throw damaged(name, lost.reason);
  return series;
}

function joined(stack: Slice[], notes: readonly string[]): DicomSeries {
  const [{ object, place }] = stack;
  const { unplaced: _, padding: __, ...scan } = object.scan;
  const { instance } = object;
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
      ...paddingOf(stack),
      affine: geometry.affine,
      spacing: [across, down, geometry.step],
      ...(geometry.reason !== null && { unplaced: geometry.reason }),
    },
    instances,
    slices,
    reason: geometry.reason,
    notes: [...notes, ...(geometry.gap ? [`The scan has no place in the patient: ${geometry.reason}.`] : [])],
  };
}

function joinSamples(stack: readonly Slice[]): Samples {
  const { scan } = stack[0].object;
  const length = scan.size[0] * scan.size[1] * scan.channels;
  const out = new (scan.stored.constructor as new (length: number) => Samples)(length * stack.length);
  for (const [i, slice] of stack.entries()) out.set(samplesOf(slice) as never, i * length);
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

/** Slices may declare another padding each, or none. */
function paddingOf(stack: readonly Slice[]): Pick<Scan, "padding"> {
  const all = stack.map((slice) => ofFrame(slice.object.scan.padding ?? [null], slice.frame));
  if (all.every((one) => one === null)) return {};
  const [first] = all;
  return { padding: all.every((one) => one?.low === first?.low && one?.high === first?.high) ? [first] : all };
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
