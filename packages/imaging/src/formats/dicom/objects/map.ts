/**
 * @file The map that is written, and where its frames lie: the functional groups that Parametric Map and Segmentation
 * share (PS3.3 C.7.6.16.2).
 */
import { HaleError } from "@hale/core";
import { MAX_FRAMES } from "../../../raster/limits.ts";
import type { Affine } from "../../../volumes/scan.ts";
import { SOURCE_IMAGE } from "./codes.ts";
import { checkSources, distinct, reference } from "./common.ts";
import type { Plane, SourceInstance } from "./source.ts";
import { type Attributes, decimal, type Making, randomUid } from "./write.ts";

/** A frame of a source; frames count from 1. */
export interface SourceFrame {
  instance: SourceInstance;
  frame: number;
}

/** An anomaly map: one value, at least 0, for each of columns × rows × slices. */
export interface AnomalyMap {
  /** Columns, rows, slices. */
  size: readonly [number, number, number];
  /** Slice after slice, row-major. */
  values: Float32Array;
  /** Of the map's own grid, as in `Scan`; null to take the places of the source's frames, whose grid it then shares. */
  affine: Affine | null;
  /** The source's frame that a slice, counted from 0, was made from. */
  sourceOf(slice: number): SourceFrame;
}

/** A map with its sources looked up, and a plane a slice, or null where it has no place in the patient. */
export interface PlacedMap {
  map: AnomalyMap;
  frames: SourceFrame[];
  sources: SourceInstance[];
  frameOfReferenceUid: string | null;
  planes: Plane[] | null;
}

const length = (v: readonly number[]) => Math.hypot(...v);
const dot = (a: readonly number[], b: readonly number[]) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function normalOf(orientation: Plane["orientation"]): [number, number, number] {
  const [a, b, c, d, e, f] = orientation;
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function refuse(fault: string, remedy: string): HaleError {
  return new HaleError("OPTION_INVALID", fault, remedy);
}

/** Planes of an affine's slices, or null where its rows and columns are not at right angles, or it is degenerate. */
function planesOfAffine(affine: Affine, slices: number): Plane[] | null {
  const axis = (k: number) => [affine[k], affine[4 + k], affine[8 + k]];
  const [across, down, through] = [0, 1, 2].map(axis);
  const [columnStep, rowStep, sliceStep] = [across, down, through].map(length);
  if (![columnStep, rowStep, sliceStep].every((step) => step > 0 && Number.isFinite(step))) return null;
  const a = across.map((x) => x / columnStep);
  const b = down.map((x) => x / rowStep);
  if (Math.abs(dot(a, b)) > 1e-4) return null;
  const orientation = [...a, ...b] as unknown as Plane["orientation"];
  const thickness = Math.abs(dot(normalOf(orientation), through));
  if (!(thickness > 0)) return null;
  return Array.from({ length: slices }, (_, k) => ({
    position: [3, 7, 11].map((i, row) => affine[i] + k * through[row]) as unknown as Plane["position"],
    orientation,
    spacing: [rowStep, columnStep],
    thickness,
  }));
}

/** The map is on the pixels of its source frames. */
export function sharesGrid({ map, frames }: PlacedMap): boolean {
  return frames.every(({ instance }) => instance.columns === map.size[0] && instance.rows === map.size[1]);
}

/** Checks the map and its sources, and finds where the slices lie. Throws SHAPE_MISMATCH, NUMERIC_FAILURE, OPTION_INVALID. */
export function placeMap(map: AnomalyMap): PlacedMap {
  const [columns, rows, slices] = map.size;
  const whole = map.size.every((side) => Number.isInteger(side) && side > 0);
  if (
    !whole ||
    columns > 65535 ||
    rows > 65535 ||
    slices > MAX_FRAMES ||
    map.values.length !== columns * rows * slices
  ) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A map of ${columns} × ${rows} × ${slices} holds ${map.values.length} values.`,
      `Give one value a point, at most 65535 columns and rows, and at most ${MAX_FRAMES} slices.`,
    );
  }
  let sound = true;
  for (const value of map.values) sound &&= value >= 0 && value < Number.POSITIVE_INFINITY;
  if (!sound) {
    throw new HaleError(
      "NUMERIC_FAILURE",
      "The anomaly map holds values that are negative or no numbers.",
      "Score the image again.",
    );
  }
  const frames = Array.from({ length: slices }, (_, k) => map.sourceOf(k));
  for (const { instance, frame } of frames) {
    if (!(Number.isInteger(frame) && frame >= 1 && frame <= instance.frames)) {
      throw refuse(`The source has no frame ${frame}.`, `Count frames from 1 to ${instance.frames}.`);
    }
  }
  const sources = distinct(frames.map(({ instance }) => instance));
  checkSources(sources);
  const uids = new Set(sources.map((source) => source.frameOfReferenceUid));
  const frameOfReferenceUid = uids.size === 1 ? [...uids][0] : null;
  const placed: PlacedMap = { map, frames, sources, frameOfReferenceUid, planes: null };
  if (frameOfReferenceUid === null) return placed;
  if (map.affine) return { ...placed, planes: planesOfAffine(map.affine, slices) };
  const planes = frames.map(({ instance, frame }) => instance.planes[frame - 1]);
  return {
    ...placed,
    planes: sharesGrid(placed) && planes.every((plane) => plane !== null) ? (planes as Plane[]) : null,
  };
}

/** Frame of Reference module (C.7.4.1). */
export function frameOfReference(placed: PlacedMap): Attributes {
  return {
    FrameOfReferenceUID: placed.frameOfReferenceUid,
    PositionReferenceIndicator: placed.sources[0].image.PositionReferenceIndicator ?? null,
  };
}

/** Distance of neighbouring slices where it is the same throughout; undefined else, and for a single slice. */
function regularSpacing(planes: readonly Plane[]): number | undefined {
  if (planes.length < 2) return undefined;
  const normal = normalOf(planes[0].orientation);
  const steps = planes.slice(1).map((plane, k) => dot(normal, plane.position) - dot(normal, planes[k].position));
  const step = (dot(normal, planes.at(-1)!.position) - dot(normal, planes[0].position)) / steps.length;
  return steps.every((each) => Math.abs(each - step) < 0.01 * Math.abs(step)) ? Math.abs(step) : undefined;
}

const same = (a: readonly number[], b: readonly number[]) => a.every((x, i) => Math.abs(x - b[i]) < 1e-6);

/** Pixel measures and orientation: shared where all planes agree, else a frame each. */
function planeGroups(planes: readonly Plane[]): { shared: Attributes; each: Attributes[] } {
  const step = regularSpacing(planes);
  const groups = planes.map((plane) => ({
    PixelMeasuresSequence: [
      {
        PixelSpacing: plane.spacing.map(decimal),
        SliceThickness: decimal(plane.thickness ?? step ?? Math.min(...plane.spacing)),
        SpacingBetweenSlices: step === undefined ? undefined : decimal(step),
      },
    ],
    PlaneOrientationSequence: [{ ImageOrientationPatient: plane.orientation.map(decimal) }],
  }));
  const [first] = planes;
  const agree = planes.every(
    (plane) =>
      same(plane.orientation, first.orientation) &&
      same(plane.spacing, first.spacing) &&
      plane.thickness === first.thickness,
  );
  const positions = planes.map((plane) => ({
    PlanePositionSequence: [{ ImagePositionPatient: plane.position.map(decimal) }],
  }));
  if (agree) return { shared: groups[0], each: positions };
  return { shared: {}, each: positions.map((position, k) => ({ ...position, ...groups[k] })) };
}

// Tags as numbers, as Dimension Index Pointer and Functional Group Pointer want them.
const POSITION = { DimensionIndexPointer: 0x00200032, FunctionalGroupPointer: 0x00209113 };
const IN_STACK = { DimensionIndexPointer: 0x00209057, FunctionalGroupPointer: 0x00209111 };
const SEGMENT = { DimensionIndexPointer: 0x0062000b, FunctionalGroupPointer: 0x0062000a };

/**
 * Multi-frame Functional Groups (C.7.6.16) and Multi-frame Dimension (C.7.6.17): frames in the map's order, along
 * position where they have one, in a stack else. `derivation` codes what was done to the source; `segment` adds the
 * dimension of segments, of which there is one.
 */
export function multiFrame(
  placed: PlacedMap,
  derivation: Attributes,
  shared: Attributes,
  segment: boolean,
  making: Making,
): Attributes {
  const { planes, frames } = placed;
  const organization = (making.newUid ?? randomUid)();
  const places = planes ? planeGroups(planes) : { shared: {}, each: frames.map((): Attributes => ({})) };
  const labels = [
    ...(segment ? [{ ...SEGMENT, DimensionDescriptionLabel: "Referenced Segment Number" }] : []),
    planes
      ? { ...POSITION, DimensionDescriptionLabel: "Image Position (Patient)" }
      : { ...IN_STACK, DimensionDescriptionLabel: "In-Stack Position Number" },
  ];
  const preserved = sharesGrid(placed) ? "YES" : "NO";
  return {
    NumberOfFrames: frames.length,
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: organization }],
    DimensionIndexSequence: labels.map((label) => ({ ...label, DimensionOrganizationUID: organization })),
    SharedFunctionalGroupsSequence: [{ ...places.shared, ...shared }],
    PerFrameFunctionalGroupsSequence: frames.map(({ instance, frame }, k) => ({
      FrameContentSequence: [
        {
          DimensionIndexValues: segment ? [1, k + 1] : k + 1,
          ...(planes ? {} : { StackID: "1", InStackPositionNumber: k + 1 }),
        },
      ],
      ...places.each[k],
      DerivationImageSequence: [
        {
          DerivationCodeSequence: [derivation],
          SourceImageSequence: [
            {
              ...reference(instance, frame),
              SpatialLocationsPreserved: preserved,
              PurposeOfReferenceCodeSequence: [SOURCE_IMAGE],
            },
          ],
        },
      ],
    })),
  };
}
