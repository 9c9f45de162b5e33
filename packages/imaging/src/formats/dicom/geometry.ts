/**
 * @file Where slices lie in the patient: PS3.3, C.7.6.2.1.1 (Image Position and Orientation), the regularity of a
 * stack, and its affine. Axes are DICOM's own: x to the Left, y to Posterior, z to Superior.
 */
import type { Affine } from "../../volumes/scan.ts";

export type Vector = readonly [number, number, number];

/** Direction cosines: of rows (towards higher columns), then of columns (towards higher rows). */
export interface Orientation {
  row: Vector;
  column: Vector;
}

/** How far direction cosines may be from unit length and from a right angle; files hold three digits or more. */
const COSINE_TOLERANCE = 2e-3;
/** How far a slice may lie from its place in a regular stack: millimetres, and a share of the step. */
const PLACE_TOLERANCE_MM = 0.02;
const PLACE_TOLERANCE_SHARE = 0.02;

/** Six numbers as an orientation; null when there are not six, or they are not orthonormal. */
export function orientationOf(numbers: number[] | null): Orientation | null {
  if (numbers?.length !== 6 || !numbers.every(Number.isFinite)) return null;
  const row = numbers.slice(0, 3) as unknown as Vector;
  const column = numbers.slice(3) as unknown as Vector;
  const off = [Math.abs(length(row) - 1), Math.abs(length(column) - 1), Math.abs(dot(row, column))];
  return Math.max(...off) <= COSINE_TOLERANCE ? { row, column } : null;
}

/** Three numbers as a position in millimetres; null when there are not three, or they are absurd. */
export function positionOf(numbers: number[] | null): Vector | null {
  if (numbers?.length !== 3) return null;
  return numbers.every((value) => Math.abs(value) < 1e6) ? (numbers as unknown as Vector) : null;
}

/** Of a slice, out of its front: row × column. */
export function normalOf({ row, column }: Orientation): Vector {
  return cross(row, column);
}

export interface Stack {
  /** Null where slices are not a regular stack. */
  affine: Affine | null;
  /** Millimetres between the centres of neighbouring slices; null where they are not regular or not known. */
  step: number | null;
  /** Why there is no affine. */
  reason: string | null;
  /** Slices are in a row, and not equally spaced: some may be missing. */
  gap: boolean;
}

/**
 * The affine of slices in the given order. `across` and `down` are millimetres between columns and between rows.
 * A single slice is `thickness` mm thick (1 in the affine, if unknown). Slices sheared by a tilted gantry are regular.
 */
export function stackOf(
  positions: readonly (Vector | null)[],
  orientation: Orientation | null,
  across: number | null,
  down: number | null,
  thickness: number | null,
): Stack {
  const none = (reason: string, step: number | null = null): Stack => ({ affine: null, step, reason, gap: false });
  if (!orientation) return none("it has no orientation in a patient");
  if (positions.some((position) => position === null)) return none("it has no position in a patient");
  const places = positions as readonly Vector[];
  if (across === null || down === null) return none("its pixel spacing is unknown", regularStep(places));
  const normal = normalOf(orientation);
  let step: Vector;
  if (places.length === 1) {
    const by = thickness ?? 1;
    step = [normal[0] * by, normal[1] * by, normal[2] * by];
  } else {
    const last = places[places.length - 1];
    step = minus(last, places[0]).map((value) => value / (places.length - 1)) as unknown as Vector;
    if (Math.abs(dot(step, normal)) < 0.5 * length(step) || length(step) < 1e-4) {
      return none("its slices lie in one plane or beside each other");
    }
    if (!isRegular(places, step)) return { ...none(gapsOf(places)), gap: true };
  }
  const { row, column } = orientation;
  const affine: number[] = [];
  for (let axis = 0; axis < 3; axis++) {
    affine.push(row[axis] * across, column[axis] * down, step[axis], places[0][axis]);
  }
  affine.push(0, 0, 0, 1);
  return { affine, step: places.length === 1 ? thickness : length(step), reason: null, gap: false };
}

function regularStep(places: readonly Vector[]): number | null {
  if (places.length < 2) return null;
  const step = minus(places[places.length - 1], places[0]).map((v) => v / (places.length - 1)) as unknown as Vector;
  return isRegular(places, step) ? length(step) : null;
}

function isRegular(places: readonly Vector[], step: Vector): boolean {
  const tolerance = Math.max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE * length(step));
  return places.every((place, i) => {
    const off = minus(place, places[0]).map((value, axis) => value - i * step[axis]) as unknown as Vector;
    return length(off) <= tolerance;
  });
}

/** Gaps that a sentence names; more are counted. */
const NAMED_GAPS = 3;

/** The sentence about places in a row that are not equally spaced: where, and by how much. Slices count from 1. */
function gapsOf(places: readonly Vector[]): string {
  const steps = places.slice(1).map((place, i) => length(minus(place, places[i]) as unknown as Vector));
  const usual = [...steps].sort((a, b) => a - b)[(steps.length - 1) >> 1];
  const odd = steps.flatMap((step, i) =>
    Math.abs(step - usual) > Math.max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_SHARE * usual) ? [i] : [],
  );
  const millimetres = (value: number) => `${Number(value.toFixed(2))} mm`;
  const named = odd
    .slice(0, NAMED_GAPS)
    .map((i) => `${millimetres(steps[i])} from slice ${i + 1} to ${i + 2} of ${places.length}`);
  if (odd.length > NAMED_GAPS) named.push(`${odd.length - NAMED_GAPS} more`);
  // Small deviations that add up have no one place.
  const where = named.length > 0 ? `: ${millimetres(usual)} apart, but ${named.join(", ")}` : "";
  const missing = odd.some((i) => Math.abs(steps[i] / usual - Math.round(steps[i] / usual)) < 0.1 && steps[i] > usual);
  return `its slices are not equally spaced${where}${missing ? "; slices seem to be missing" : ""}`;
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const length = (a: Vector): number => Math.hypot(a[0], a[1], a[2]);
const minus = (a: Vector, b: Vector): number[] => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
