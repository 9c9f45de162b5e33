/**
 * @file NIfTI-1 and NIfTI-2 in: `.nii`, `.nii.gz` and `.hdr`/`.img` pairs, either byte order. The header is read and
 * checked first, then samples are inflated or copied into one array, of which each scan is a window.
 */
import { corrupt, refuseRawErrors, unsupported } from "../../raster/limits.ts";
import { type InflateLimits, inflateExactly, inflateHead, isGzip, nested } from "../../volumes/inflate.ts";
import { rangeOf, samplesOf } from "../../volumes/samples.ts";
import type { Affine, ModalityTransform, Samples, Scan, VoiTransform } from "../../volumes/scan.ts";
import { checkInput, product, VOLUME_LIMITS, type VolumeLimits } from "../../volumes/volume-limits.ts";
import { geometryOf } from "./geometry.ts";
import { MOST_HEADER_BYTES, type NiftiDatatype, type NiftiHeader, parseHeader } from "./header.ts";

export interface NiftiFile {
  version: 1 | 2;
  littleEndian: boolean;
  /** One a time point or vector component, in file order: dim[4…7] together. All share `stored`. */
  scans: Scan[];
  /** dim[1…dim[0]] of the header: 2 to 7 numbers as a rule. */
  shape: number[];
  /** All samples of the file, first axis fastest; 64-bit integers as float64, colours interleaved without alpha. */
  stored: Samples;
  datatype: NiftiDatatype;
  /** pixdim[1…7] as stored: millimetres, and seconds for the fourth, unless the header's units say otherwise. */
  pixdim: number[];
  qformCode: number;
  sformCode: number;
  /** The affine as nibabel gives it, axes to Right, Anterior, Superior; null where neither qform nor sform is set. */
  affineRas: Affine | null;
  /** Seconds between time points; null where there is one only, or the header does not say. */
  secondsBetween: number | null;
}

/**
 * Reads a NIfTI of at most 512 MB, 2^28 voxels and 10 000 time points. `pair` is the content of the `.img` file (or
 * `.img.gz`) where `bytes` is that of an `.hdr`. `name` is used in errors only.
 *
 * What files get wrong, and what is done: scl_slope of 0, NaN or infinity means no scaling; with a good slope an
 * intercept that is not finite is refused. sform wins over qform; neither gives `affine: null`. bitpix is ignored. Alpha
 * of RGBA is dropped, colours stay as stored. Colours are never scaled. NaN samples stay NaN and do not count in `range`.
 *
 * Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE, and nothing else, for whatever bytes it is given.
 */
export async function readNifti(
  bytes: Uint8Array,
  name: string,
  pair?: Uint8Array,
  limits: VolumeLimits = VOLUME_LIMITS,
): Promise<NiftiFile> {
  return refuseRawErrors(name, () => {
    for (const part of pair ? [bytes, pair] : [bytes]) checkInput(part, name, limits);
    const head = isGzip(bytes) ? inflateHead("gzip", bytes, MOST_HEADER_BYTES, name) : bytes;
    if (head !== bytes && isGzip(head)) throw nested(name);
    const header = parseHeader(head, name, limits);
    const geometry = geometryOf(header, name);
    const modality = modalityOf(header, name);
    const stored = samplesFrom(header, header.paired ? imageOf(pair, name) : bytes, name, limits.inflate);
    return fileOf(header, geometry, modality, stored);
  });
}

function imageOf(pair: Uint8Array | undefined, name: string): Uint8Array {
  if (pair) return pair;
  throw unsupported(name, "it is the header of a pair", "Give the .img file of the same name together with it.");
}

/** The samples, after the size that the header asks for has been held against what there is. */
function samplesFrom(header: NiftiHeader, bytes: Uint8Array, name: string, limits: InflateLimits): Samples {
  const voxels = product(header.shape);
  const length = voxels * header.bytesPerVoxel;
  const end = header.voxOffset + length;
  const packed = isGzip(bytes);
  if (!packed && end > bytes.length) {
    throw corrupt(name, `its header asks for ${end} bytes, and there are ${bytes.length}`);
  }
  const all = packed ? inflateExactly("gzip", bytes, end, name, limits) : bytes;
  const data = all.subarray(header.voxOffset, end);
  if (header.datatype === "rgba32") return withoutAlpha(data, voxels);
  const type = header.datatype === "rgb24" ? "uint8" : header.datatype;
  return samplesOf(data, type, header.littleEndian, name, packed);
}

function withoutAlpha(data: Uint8Array, voxels: number): Uint8Array {
  const out = new Uint8Array(3 * voxels);
  for (let i = 0; i < voxels; i++) {
    out[3 * i] = data[4 * i];
    out[3 * i + 1] = data[4 * i + 1];
    out[3 * i + 2] = data[4 * i + 2];
  }
  return out;
}

const isColour = (datatype: NiftiDatatype) => datatype === "rgb24" || datatype === "rgba32";

function modalityOf({ slope, intercept, datatype }: NiftiHeader, name: string): ModalityTransform {
  const scaled = slope !== 0 && Number.isFinite(slope) && !isColour(datatype);
  if (!scaled) return { kind: "linear", slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) throw corrupt(name, "its scl_inter is not a number");
  return { kind: "linear", slope, intercept };
}

/** cal_min and cal_max, where both are set: PS3.3 C.11.2.1.3.2 (linear-exact) goes from one to the other. */
function voiOf({ calMin, calMax, datatype }: NiftiHeader): VoiTransform[] {
  const width = calMax - calMin;
  if (!(width > 0 && Number.isFinite(width)) || isColour(datatype)) return [];
  return [{ kind: "window", shape: "linear-exact", center: calMin + width / 2, width }];
}

function fileOf(
  header: NiftiHeader,
  geometry: ReturnType<typeof geometryOf>,
  modality: ModalityTransform,
  stored: Samples,
): NiftiFile {
  const [columns, rows = 1, slices = 1, ...more] = header.shape;
  const channels = isColour(header.datatype) ? 3 : 1;
  const length = columns * rows * slices * channels;
  const range = rangeOf(stored);
  const count = product(more);
  const scans = Array.from(
    { length: count },
    (_, i): Scan => ({
      format: "nifti",
      size: [columns, rows, slices],
      channels,
      stored: stored.subarray(i * length, (i + 1) * length),
      range,
      modality: [modality],
      unit: null,
      voi: voiOf(header),
      whiteIsLow: false,
      affine: geometry.affine,
      spacing: geometry.spacing,
    }),
  );
  const { version, littleEndian, shape, datatype, qformCode, sformCode } = header;
  return {
    version,
    littleEndian,
    scans,
    shape,
    stored,
    datatype,
    pixdim: header.pixdim.slice(1),
    qformCode,
    sformCode,
    affineRas: geometry.affineRas,
    secondsBetween: secondsOf(header),
  };
}

/** pixdim[4] in seconds (xyzt_units: 8 = s, 16 = ms, 24 = µs; unset counts as seconds). */
function secondsOf({ shape, pixdim, units }: NiftiHeader): number | null {
  const factor = { 0: 1, 8: 1, 16: 1e-3, 24: 1e-6 }[units & 0x38];
  const step = pixdim[4];
  return (shape[3] ?? 1) > 1 && factor && step > 0 && Number.isFinite(step) ? step * factor : null;
}
