/** @file NRRD in: attached (`.nrrd`) or with a data file beside it (`.nhdr`); raw, gzip and text. */
import { corrupt, refuseRawErrors, unsupported } from "../../raster/limits.ts";
import { isUsable, voxelSizes } from "../../volumes/affine.ts";
import { scansOf } from "../../volumes/grid-scans.ts";
import { type InflateLimits, inflateExactly } from "../../volumes/inflate.ts";
import { type DataFile, samplesFromText, siblingData } from "../../volumes/plain-text.ts";
import { SAMPLE_BYTES, type SampleType, samplesOf } from "../../volumes/samples.ts";
import type { Affine, Samples, Scan } from "../../volumes/scan.ts";
import { checkInput, checkShape, product, VOLUME_LIMITS, type VolumeLimits } from "../../volumes/volume-limits.ts";
import { type NrrdHeader, parseNrrdHeader } from "./header.ts";

export interface NrrdFile {
  /** One a volume and component, in file order; three 8- or 16-bit components are one RGB scan. */
  scans: Scan[];
  /** "sizes" of the header, fastest axis first. */
  shape: number[];
  /** Samples of all scans. */
  stored: Samples;
  type: SampleType;
  encoding: NrrdHeader["encoding"];
  littleEndian: boolean;
}

/**
 * Reads an NRRD of at most 512 MB and 2^28 samples, of two or three axes in space and at most one beside them, the first
 * (components) or the last (time points). `open` gives the data file that a detached header names; only plain names are
 * asked for. `name` is used in errors only.
 *
 * The scan has a place in the patient where `space` names its axes (RAS, LAS, LPS, RPS) and all directions are given; a
 * missing origin counts as 0. Samples of 64-bit integers become float64 within ±2^53.
 *
 * Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE for whatever bytes it is given, and what `open` throws.
 */
export async function readNrrd(
  bytes: Uint8Array,
  name: string,
  open?: DataFile,
  limits: VolumeLimits = VOLUME_LIMITS,
): Promise<NrrdFile> {
  const { header, axes, geometry } = refuseRawErrors(name, () => {
    checkInput(bytes, name, limits);
    const header = parseNrrdHeader(bytes, name);
    const axes = axesOf(header, name);
    checkShape(header.sizes, axes.components * axes.frames, name, limits);
    return { header, axes, geometry: geometryOf(header, axes.space, name) };
  });
  const { sizes, type, encoding, littleEndian, dataFile } = header;
  const data = dataFile === null ? bytes.subarray(header.end) : await siblingData(dataFile, open, name);
  return refuseRawErrors(name, () => {
    checkInput(data, name, limits);
    const stored = samplesFrom(header, data, name, limits.inflate);
    const { size, components, frames } = axes;
    const modality = { kind: "linear", slope: 1, intercept: 0 } as const;
    const grid = scansOf({ format: "nrrd", size, components, frames, stored, modality, ...geometry });
    return { ...grid, shape: sizes, type, encoding, littleEndian };
  });
}

interface Axes {
  size: [number, number, number];
  components: number;
  frames: number;
  /** Indices of the axes that lie in space. */
  space: number[];
}

/** Kinds of axes whose samples are components of one voxel, or of one volume each. */
const NOT_SPACE = /color|vector|matrix|quaternion|complex|list|stub|scalar|point|time|none/;

/** Which axes are columns, rows and slices: those with a direction, else those whose kind says no other. */
function axesOf({ sizes, directions, kinds }: NrrdHeader, name: string): Axes {
  const all = sizes.map((_, axis) => axis);
  let beside = all.filter((axis) => (directions ? directions[axis] === null : NOT_SPACE.test(kinds[axis] ?? "")));
  if (!directions && beside.length === 0 && sizes.length === 4) beside = [3];
  const space = all.filter((axis) => !beside.includes(axis));
  const first = beside[0] === 0;
  const fits = beside.length === 0 || (beside.length === 1 && (first || beside[0] === sizes.length - 1));
  if (!fits || space.length < 1 || space.length > 3) {
    throw unsupported(name, "its axes are not those of one or more volumes", "Save it as a volume of three axes.");
  }
  const [columns, rows = 1, slices = 1] = space.map((axis) => sizes[axis]);
  const count = beside.length === 0 ? 1 : sizes[beside[0]];
  return { size: [columns, rows, slices], components: first ? count : 1, frames: first ? 1 : count, space };
}

function geometryOf(
  { directions, origin, spacings, toLps, millimetres }: NrrdHeader,
  space: number[],
  name: string,
): { affine: Affine | null; spacing: Scan["spacing"] } {
  const vectors = directions && space.map((axis) => directions[axis]!);
  const steps = [0, 1, 2].map((i): number | null => {
    const size = vectors?.[i] ? Math.hypot(...vectors[i]) : (spacings?.[space[i]] ?? Number.NaN);
    return Number.isFinite(size) && size !== 0 ? Math.abs(size) * millimetres : null;
  });
  const spacing: Scan["spacing"] = [steps[0], steps[1], steps[2]];
  if (!vectors || !toLps) return { affine: null, spacing };
  if (![...vectors, origin ?? [0, 0, 0]].every((vector) => vector.length === 3)) {
    throw corrupt(name, "its space directions and origin are not of three numbers each");
  }
  if (vectors.length === 1) return { affine: null, spacing };
  const [x, y] = vectors;
  const z = vectors[2] ?? unitNormal(x, y);
  const start = origin ?? [0, 0, 0];
  const row = (i: number) => [x[i], y[i], z[i], start[i]].map((value) => value * toLps[i] * millimetres + 0);
  const affine = [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
  if (!isUsable(affine)) throw corrupt(name, "its space directions do not say where the voxels lie");
  return { affine, spacing: vectors.length === 3 ? voxelSizes(affine) : spacing };
}

/** At right angles to both, of length 1. */
function unitNormal(a: number[], b: number[]): number[] {
  const n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const length = Math.hypot(...n);
  return n.map((value) => value / length);
}

function samplesFrom(header: NrrdHeader, data: Uint8Array, name: string, limits: InflateLimits): Samples {
  const { type, encoding, littleEndian, byteSkip } = header;
  const count = product(header.sizes);
  const length = count * SAMPLE_BYTES[type];
  const lines = afterLines(data, header.lineSkip, name);
  if (encoding === "ascii") return samplesFromText(lines.subarray(Math.max(0, byteSkip)), type, count, name);
  if (encoding === "gzip") {
    if (byteSkip < 0) throw corrupt(name, "it skips to the end of compressed data");
    const inflated = inflateExactly("gzip", lines, byteSkip + length, name, limits);
    return samplesOf(inflated.subarray(byteSkip), type, littleEndian, name, true);
  }
  const start = byteSkip < 0 ? lines.length - length : byteSkip;
  if (start < 0 || start + length > lines.length) {
    throw corrupt(name, `its header asks for ${length} bytes of samples, and there are ${lines.length}`);
  }
  return samplesOf(lines.subarray(start, start + length), type, littleEndian, name);
}

/** What follows the first `count` line ends. */
function afterLines(data: Uint8Array, count: number, name: string): Uint8Array {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = data.indexOf(10, at);
    if (end < 0) throw corrupt(name, "it skips more lines than there are");
    at = end + 1;
  }
  return data.subarray(at);
}
