/**
 * @file A volume out as NIfTI-1, little-endian: header, four zero bytes (no extensions), samples. The same input gives
 * the same bytes everywhere, compressed or not.
 */
import { HaleError } from "@hale/core";
import { gzipSync } from "fflate";
import { tooLarge } from "../../raster/limits.ts";
import { determinant, isOrthogonal, isUsable, swapRasLps, voxelSizes } from "../../volumes/affine.ts";
import { SAMPLE_BYTES, swapBytes, typeOfSamples } from "../../volumes/samples.ts";
import type { Affine, Samples, Scan } from "../../volumes/scan.ts";
import { qformOf, quaternionOf } from "./geometry.ts";

export interface NiftiVolume {
  /** Columns, rows, slices: 1 to 32 767 each. */
  size: Scan["size"];
  /** 3 = RGB, interleaved, of Uint8Array only. 1 unless given. */
  channels?: 1 | 3;
  /** Slice after slice, row-major: columns × rows × slices × channels values. */
  data: Samples;
  /** As of a Scan: millimetres, axes to Left, Posterior, Superior. Null leaves the place unsaid. */
  affine: Affine | null;
  /** Millimetres; used only where `affine` is null. */
  spacing?: Scan["spacing"];
  /** Meaning of a stored value s: s × slope + intercept. 1 and 0 unless given. */
  slope?: number;
  intercept?: number;
  /** Meaningful values that are shown black and white (cal_min, cal_max). None unless given. */
  window?: readonly [number, number];
  /** What the file is, at most 79 letters of ASCII; nothing that names a patient. */
  description?: string;
}

const CODES = { uint8: 2, int16: 4, int32: 8, float32: 16, float64: 64, int8: 256, uint16: 512, uint32: 768 };
const RGB24 = 128;
const OFFSET = 352;
const HOST_IS_BIG = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/**
 * The bytes of a `.nii` (or `.nii.gz` with `gzip`). sform holds the affine (float32); qform says the same to within 1e-4
 * of a voxel's size where the axes are at right angles, and is unset otherwise. Throws SHAPE_MISMATCH when the data do not fit the size,
 * IMAGE_TOO_LARGE beyond 32 767 along an axis, OPTION_INVALID for an affine or scale that says nothing.
 */
export function writeNifti(volume: NiftiVolume, options: { gzip?: boolean } = {}): Uint8Array {
  const { size, data, affine, channels = 1, slope = 1, intercept = 0 } = volume;
  check(volume, channels, slope, intercept);
  const type = typeOfSamples(data);
  const out = new Uint8Array(OFFSET + data.byteLength);
  const view = new DataView(out.buffer);
  const shorts = (at: number, values: number[]) => values.forEach((v, i) => void view.setInt16(at + 2 * i, v, true));
  const floats = (at: number, values: number[]) => values.forEach((v, i) => void view.setFloat32(at + 4 * i, v, true));

  view.setInt32(0, 348, true);
  out[38] = "r".charCodeAt(0);
  shorts(40, [3, ...size, 1, 1, 1, 1]);
  shorts(70, channels === 3 ? [RGB24, 24] : [CODES[type], 8 * SAMPLE_BYTES[type]]);
  view.setFloat32(108, OFFSET, true);
  floats(112, [slope, intercept]);
  if (volume.window) floats(124, [volume.window[1], volume.window[0]]);
  out[123] = 2; // Millimetres (NIFTI_UNITS_MM).
  const description = (volume.description ?? "").replace(/[^ -~]/g, "?").slice(0, 79);
  for (let i = 0; i < description.length; i++) out[148 + i] = description.charCodeAt(i);
  writeGeometry(affine, volume.spacing, shorts, floats);
  for (let i = 0; i < 3; i++) out[344 + i] = "n+1".charCodeAt(i);

  const samples = out.subarray(OFFSET);
  samples.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (HOST_IS_BIG) swapBytes(samples, SAMPLE_BYTES[type]);
  // A gzip header with time 0 and no name.
  return options.gzip ? gzipSync(out, { level: 6, mtime: 0 }) : out;
}

type Put = (at: number, values: number[]) => void;

function writeGeometry(affine: Affine | null, spacing: Scan["spacing"] | undefined, shorts: Put, floats: Put): void {
  if (!affine) {
    floats(76, [1, ...(spacing ?? [1, 1, 1]).map((step) => step ?? 1)]);
    return;
  }
  const ras = swapRasLps(affine);
  const qform = qformFor(ras);
  floats(76, [qform?.qfac ?? 1, ...voxelSizes(ras)]);
  // 1 = scanner coordinates (NIFTI_XFORM_SCANNER_ANAT).
  shorts(252, [qform ? 1 : 0, 1]);
  if (qform) floats(256, [...qform.quaternion, ras[3], ras[7], ras[11]]);
  floats(280, ras.slice(0, 12));
}

/**
 * The quaternion of an affine, or null where none says the same: axes not at right angles, or so near to half a turn
 * that float32 loses the rest of it (nifti1.h stores b, c, d and leaves a to be worked out).
 */
function qformFor(ras: Affine): { quaternion: [number, number, number]; qfac: 1 | -1 } | null {
  if (!isOrthogonal(ras)) return null;
  const { b, c, d, qfac } = quaternionOf(ras, determinant(ras) < 0);
  const quaternion: [number, number, number] = [Math.fround(b), Math.fround(c), Math.fround(d)];
  const sizes = voxelSizes(ras);
  const read = qformOf({ version: 1, quaternion, pixdim: [qfac, ...sizes], qoffset: [0, 0, 0] }, "to write");
  const agrees = [0, 1, 2, 4, 5, 6, 8, 9, 10].every((i) => Math.abs(read[i] - ras[i]) <= 1e-4 * sizes[i % 4]);
  return agrees ? { quaternion, qfac } : null;
}

function check(volume: NiftiVolume, channels: number, slope: number, intercept: number): void {
  const { size, data, affine } = volume;
  const [columns, rows, slices] = size;
  const fits =
    size.every((n) => Number.isInteger(n) && n >= 1) &&
    data.length === columns * rows * slices * channels &&
    (channels === 1 || (channels === 3 && data instanceof Uint8Array));
  if (!fits) {
    throw new HaleError(
      "SHAPE_MISMATCH",
      `A volume of ${size.join(" × ")} × ${channels} holds ${data.length} values.`,
      "Give columns × rows × slices × channels values; colours as Uint8Array.",
    );
  }
  if (size.some((n) => n > 32767)) throw tooLarge("to write", `NIfTI-1 holds 32767 voxels along an axis`);
  if (affine && !isUsable(affine)) {
    throw new HaleError(
      "OPTION_INVALID",
      "The affine to write is singular or not finite.",
      "Give a usable one, or null.",
    );
  }
  if (slope === 0 || !Number.isFinite(slope) || !Number.isFinite(intercept)) {
    throw new HaleError(
      "OPTION_INVALID",
      "The slope to write is 0 or not finite.",
      "Give finite numbers, slope not 0.",
    );
  }
}
