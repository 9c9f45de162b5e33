/**
 * @file Which slices of a volume are looked at, and what part of each: an axis, a range, no empty ones, the patient
 * without the air around, and pixels that are square in millimetres. All of it is a function of the volume and of plain
 * settings, so that training and scoring see the same pictures, and a map can be put back where it belongs.
 */
import { HaleError } from "@hale/core";
import { checkSize } from "../raster/limits.ts";
import type { Raster } from "../raster/raster.ts";
import { resizePlane } from "../raster/resize.ts";
import { type Normalisation, type NormalisedPlane, type Normaliser, normaliser } from "./normalise.ts";
import { paddingTest } from "./padding.ts";
import { type SliceAxis, type SlicePlane, type Stack, stackOf } from "./planes.ts";
import type { Scan } from "./scan.ts";

/** Slices by axis and range; both ends belong to it. */
export interface SliceSelection {
  axis: SliceAxis;
  /** `index` counts slices from 0; `share` is of the stack, 0 to 1: slice k of n stands at (k + ½) / n. */
  unit: "index" | "share";
  from: number;
  to: number;
}

/** How scans become pictures; plain data, fit for JSON. */
export interface ScanInput {
  normalisation: Normalisation;
  slices: SliceSelection;
  /** Slices with a smaller share of foreground are skipped; 0 keeps all. */
  leastForeground: number;
  /** Cut to the patient, with this margin in millimetres (pixels, where a file knows none); null keeps all. */
  crop: { margin: number } | null;
  /** Whether pictures are padded to squares in millimetres, so that the network's square does not stretch them. */
  square: boolean;
}

/** What part of a slice is a picture, the same for all slices of a volume. In pixels of the slice. */
export interface Frame {
  /** The part that is kept. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** Black pixels before it, and size of the whole picture. */
  padLeft: number;
  padTop: number;
  fullWidth: number;
  fullHeight: number;
}

/** One volume, ready to give its pictures. */
export interface SlicedScan {
  scan: Scan;
  stack: Stack;
  frame: Frame;
  /** Numbers of the slices that are looked at, ascending. */
  indices: number[];
  normaliser: Normaliser;
  /** Slice `index` as a float raster, and its samples that were no numbers. */
  picture(index: number): { raster: Raster; notNumbers: number };
}

/** Longest picture that padding may make of a slice, as a multiple of its longer side. */
const MOST_PADDING = 32;

/**
 * Makes a scan ready. `name` is the file, for errors. Throws IMAGE_UNSUPPORTED where nothing is a number, the axis is
 * unknown or no slice is left, and OPTION_INVALID for settings that make no sense.
 */
export function sliceScan(scan: Scan, input: ScanInput, name = "The scan"): SlicedScan {
  checkNumbers(scan, name);
  const stack = stackOf(scan, input.slices.axis, name);
  const values = normaliser(scan, input.normalisation);
  const chosen = selectSlices(stack.count, stack.axis === "stored" && stack.count === 1 ? null : input.slices);
  const shares = input.leastForeground > 0 ? chosen.map((index) => foregroundShare(stack.plane(index), values)) : null;
  const indices = chosen.filter((_, i) => shares === null || shares[i] >= input.leastForeground);
  if (indices.length === 0) {
    throw new HaleError(
      "IMAGE_UNSUPPORTED",
      `${name} has ${stack.count} ${stack.axis} slices, of which none is in the range and has enough foreground.`,
      "Ask for a wider range, or for less foreground.",
      { setting: "slices" },
    );
  }
  const box = input.crop ? foregroundBox(stack, values, input.crop.margin) : null;
  const frame = frameOf(stack, box, input.square, name);
  const picture = (index: number) => {
    const { data, notNumbers } = values.plane(partOf(stack.plane(index), frame));
    return { raster: padded({ data, notNumbers }, frame, scan.channels), notNumbers };
  };
  return { scan, stack, frame, indices, normaliser: values, picture };
}

/** Throws IMAGE_UNSUPPORTED for a scan of which every sample is NaN, infinite or padding: it would pass for a black one. */
function checkNumbers(scan: Scan, name: string): void {
  const isPadded = paddingTest(scan);
  if (scan.stored.some((value: number, i: number) => Number.isFinite(value) && !isPadded?.(i))) return;
  throw new HaleError(
    "IMAGE_UNSUPPORTED",
    `${name} shows nothing: none of its samples is a finite number.`,
    "Look at how it was made, or leave it out.",
  );
}

/** Numbers of the slices of a stack of `count` that a selection takes (all, for null), ascending. Throws OPTION_INVALID. */
export function selectSlices(count: number, selection: SliceSelection | null): number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  if (selection === null) return all;
  const { unit, from, to } = selection;
  const whole = unit === "share" || (Number.isInteger(from) && Number.isInteger(to));
  if (!(from >= 0 && from <= to && whole && (unit === "index" || to <= 1))) {
    throw new HaleError(
      "OPTION_INVALID",
      `The slices ${from} to ${to} (${unit === "share" ? "shares of the stack" : "numbers"}) are no range.`,
      "For example: axial:0.2-0.8, axial:40-120 or axial.",
    );
  }
  return all.filter((index) => {
    const at = unit === "share" ? (index + 0.5) / count : index;
    return at >= from && at <= to;
  });
}

/** Share of a slice's samples that are foreground. */
function foregroundShare(plane: SlicePlane, values: Normaliser): number {
  const limit = values.foreground();
  const brightness = values.brightness(plane);
  let above = 0;
  for (const value of brightness) if (value > limit) above++;
  return above / brightness.length;
}

/** A rectangle in pixels of a slice. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Columns and rows count as the patient's where at least this share of their samples, over all slices, is foreground. */
const LEAST_OF_LINE = 0.001;

/**
 * The box around the foreground of all slices, widened by `margin` millimetres at each side (pixels where the spacing is
 * unknown); null where there is no foreground.
 */
function foregroundBox(stack: Stack, values: Normaliser, margin: number): Box | null {
  if (!(margin >= 0 && margin < Infinity)) {
    throw new HaleError("OPTION_INVALID", `The margin ${margin} is no length.`, "Give millimetres, 0 or more.");
  }
  const limit = values.foreground();
  const columns = new Float64Array(stack.width);
  const rows = new Float64Array(stack.height);
  for (let index = 0; index < stack.count; index++) {
    const brightness = values.brightness(stack.plane(index));
    for (let y = 0, at = 0; y < stack.height; y++) {
      for (let x = 0; x < stack.width; x++, at++) {
        if (!(brightness[at] > limit)) continue;
        columns[x]++;
        rows[y]++;
      }
    }
  }
  const across = spanOf(columns, LEAST_OF_LINE * stack.height * stack.count, margin / (stack.spacing[0] ?? 1));
  const down = spanOf(rows, LEAST_OF_LINE * stack.width * stack.count, margin / (stack.spacing[1] ?? 1));
  if (!across || !down) return null;
  return { left: across[0], top: down[0], width: across[1], height: down[1] };
}

/** First position and length of what reaches `least`, widened by `margin` positions within the line. */
function spanOf(counts: Float64Array, least: number, margin: number): [number, number] | null {
  const enough = (count: number) => count > 0 && count >= least;
  const first = counts.findIndex(enough);
  if (first < 0) return null;
  const start = Math.max(0, first - Math.ceil(margin));
  const end = Math.min(counts.length - 1, counts.findLastIndex(enough) + Math.ceil(margin));
  return [start, end - start + 1];
}

/** The frame of a box (the whole slice, for null), padded evenly to a square in millimetres where `square` asks for it. */
export function frameOf(stack: Stack, box: Box | null, square: boolean, name = "The scan"): Frame {
  const part = box ?? { left: 0, top: 0, width: stack.width, height: stack.height };
  // Where a file knows no spacing, only the shape of its pixels counts.
  const known = stack.spacing[0] !== null && stack.spacing[1] !== null;
  const [across, down] = known ? [stack.spacing[0]!, stack.spacing[1]!] : [1, stack.pixelAspect];
  const side = Math.max(part.width * across, part.height * down);
  const fullWidth = square ? Math.max(part.width, Math.round(side / across)) : part.width;
  const fullHeight = square ? Math.max(part.height, Math.round(side / down)) : part.height;
  if (Math.max(fullWidth, fullHeight) > MOST_PADDING * Math.max(part.width, part.height)) {
    throw new HaleError(
      "IMAGE_UNSUPPORTED",
      `${name} has pixels of ${across} × ${down} mm, which no square picture can show.`,
      "Ask for slices of another axis, or for pictures that are not square.",
      { setting: "slices" },
    );
  }
  checkSize(name, fullWidth, fullHeight);
  const padLeft = Math.floor((fullWidth - part.width) / 2);
  const padTop = Math.floor((fullHeight - part.height) / 2);
  return { ...part, padLeft, padTop, fullWidth, fullHeight };
}

/** The kept part of a slice. */
export function partOf({ start, columnStep, rowStep }: SlicePlane, { left, top, width, height }: Frame): SlicePlane {
  return { start: start + left * columnStep + top * rowStep, columnStep, rowStep, width, height };
}

function padded({ data }: NormalisedPlane, frame: Frame, channels: 1 | 3): Raster {
  const { width, height, padLeft, padTop, fullWidth, fullHeight } = frame;
  const whole = { width: fullWidth, height: fullHeight, channels, maxValue: 1 } as const;
  if (width === fullWidth && height === fullHeight) return { ...whole, data };
  const out = new Float32Array(fullWidth * fullHeight * channels);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    out.set(row, ((padTop + y) * fullWidth + padLeft) * channels);
  }
  return { ...whole, data: out };
}

/**
 * Puts the map of a picture, row-major [mapHeight, mapWidth], back where its slice lies in the full grid of the volume:
 * `grid` has a value for each voxel, in the scan's own order. Padding is cut off; what the frame leaves out stays as it is.
 */
export function putBack(
  grid: Float32Array,
  plane: SlicePlane,
  frame: Frame,
  map: ArrayLike<number>,
  mapWidth: number,
  mapHeight: number,
): void {
  const values = resizePlane(map, mapWidth, mapHeight, frame.fullWidth, frame.fullHeight);
  const part = partOf(plane, frame);
  for (let y = 0; y < part.height; y++) {
    let voxel = part.start + y * part.rowStep;
    let at = (frame.padTop + y) * frame.fullWidth + frame.padLeft;
    for (let x = 0; x < part.width; x++, voxel += part.columnStep) grid[voxel] = values[at++];
  }
}
