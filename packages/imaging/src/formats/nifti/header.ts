/**
 * @file The header of NIfTI-1 (nifti1.h, 348 bytes) and NIfTI-2 (nifti2.h, 540 bytes), each number in its place, and
 * every size in it checked before anyone allocates by it. nifti-reader-js was looked at and not taken: it prefers qform
 * where nibabel prefers sform, ignores the qform of NIfTI-2, reads big-endian 64-bit numbers wrongly, and follows
 * declared extension sizes unchecked. Free text (descrip, aux_file, intent_name) may name a patient and is not read.
 */
import { corrupt, unsupported } from "../../raster/limits.ts";
import { SAMPLE_BYTES, type SampleType } from "../../volumes/samples.ts";
import { checkShape, product, type VolumeLimits } from "../../volumes/volume-limits.ts";

const HEADER_BYTES = { 1: 348, 2: 540 } as const;
/** What `parseHeader` wants to see at most. */
export const MOST_HEADER_BYTES = 540;

/** What a voxel holds: a number, or a colour. */
export type NiftiDatatype = SampleType | "rgb24" | "rgba32";

export interface NiftiHeader {
  version: 1 | 2;
  littleEndian: boolean;
  /** True for the header of an .hdr/.img pair. */
  paired: boolean;
  /** dim[1…dim[0]]; each at least 1. */
  shape: number[];
  datatype: NiftiDatatype;
  bytesPerVoxel: number;
  /** Bytes before the first sample, in the file that holds the samples. */
  voxOffset: number;
  /** pixdim[0…7] as stored. */
  pixdim: number[];
  /** As stored: 0 or NaN means "not scaled". */
  slope: number;
  intercept: number;
  /** Displayed range after scaling; equal where unset. */
  calMin: number;
  calMax: number;
  /** Low three bits: 1 = metre, 2 = millimetre, 3 = micrometre. */
  units: number;
  qformCode: number;
  sformCode: number;
  /** b, c, d. */
  quaternion: [number, number, number];
  qoffset: [number, number, number];
  /** srow_x, srow_y, srow_z. */
  srows: number[];
}

const DATATYPES: Record<number, NiftiDatatype> = {
  2: "uint8",
  4: "int16",
  8: "int32",
  16: "float32",
  64: "float64",
  128: "rgb24",
  256: "int8",
  512: "uint16",
  768: "uint32",
  1024: "int64",
  1280: "uint64",
  2304: "rgba32",
};
const REFUSED: Record<number, string> = {
  1: "single bits",
  32: "complex numbers",
  1536: "128-bit floats",
  1792: "complex numbers",
  2048: "complex numbers",
};

/** Where NIfTI-1 and NIfTI-2 keep each field, and how wide their numbers are. */
const PLACES = {
  1: { dim: 40, type: 70, pixdim: 76, offset: 108, slope: 112, cal: 124, units: 123, codes: 252, quat: 256, srow: 280 },
  2: {
    dim: 16,
    type: 12,
    pixdim: 104,
    offset: 168,
    slope: 176,
    cal: 192,
    units: 500,
    codes: 344,
    quat: 352,
    srow: 400,
  },
} as const;

const text = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length).filter((byte) => byte !== 0));

function sizeOfHeader(bytes: Uint8Array): { size: 348 | 540; littleEndian: boolean } | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  for (const littleEndian of [true, false]) {
    const size = view.getInt32(0, littleEndian);
    if (size === 348 || size === 540) return { size, littleEndian };
  }
  return null;
}

/**
 * Reads the header at the start of inflated bytes. Throws IMAGE_UNSUPPORTED for ANALYZE 7.5, complex and other samples
 * that are not read; IMAGE_CORRUPT for sizes that cannot be; IMAGE_TOO_LARGE beyond the limits. bitpix is not looked at:
 * datatype decides, as in nibabel.
 */
export function parseHeader(bytes: Uint8Array, name: string, limits: VolumeLimits): NiftiHeader {
  const found = sizeOfHeader(bytes);
  if (!found) throw unsupported(name, "it does not begin with a NIfTI header", "Give a NIfTI-1 or NIfTI-2 file.");
  const version = found.size === 348 ? 1 : 2;
  if (bytes.length < found.size) throw corrupt(name, "it ends within its header");
  const paired = readMagic(bytes, version, name);
  const { littleEndian } = found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, found.size);
  const place = PLACES[version];
  const real = (at: number) => (version === 1 ? view.getFloat32(at, littleEndian) : view.getFloat64(at, littleEndian));
  const reals = (at: number, count: number) =>
    Array.from({ length: count }, (_, i) => real(at + i * (version === 1 ? 4 : 8)));
  const long = (at: number) => Number(view.getBigInt64(at, littleEndian));
  const dims = Array.from({ length: 8 }, (_, i) =>
    version === 1 ? view.getInt16(place.dim + 2 * i, littleEndian) : long(place.dim + 8 * i),
  );
  const datatype = readDatatype(view.getInt16(place.type, littleEndian), name);
  const code = (i: number) =>
    version === 1 ? view.getInt16(place.codes + 2 * i, littleEndian) : view.getInt32(place.codes + 4 * i, littleEndian);
  const [slope, intercept] = reals(place.slope, 2);
  const [calMax, calMin] = reals(place.cal, 2);
  const [b, c, d, x, y, z] = reals(place.quat, 6);
  return {
    version,
    littleEndian,
    paired,
    shape: readShape(dims, name, limits),
    datatype,
    bytesPerVoxel: datatype === "rgb24" ? 3 : datatype === "rgba32" ? 4 : SAMPLE_BYTES[datatype],
    voxOffset: readOffset(version === 1 ? real(place.offset) : long(place.offset), version, paired, name),
    pixdim: reals(place.pixdim, 8),
    slope,
    intercept,
    calMin,
    calMax,
    units: version === 1 ? view.getUint8(place.units) : view.getInt32(place.units, littleEndian),
    qformCode: code(0),
    sformCode: code(1),
    quaternion: [b, c, d],
    qoffset: [x, y, z],
    srows: reals(place.srow, 12),
  };
}

/** Checks the magic; true for "ni1" and "ni2", whose samples are in an .img file. */
function readMagic(bytes: Uint8Array, version: 1 | 2, name: string): boolean {
  const at = version === 1 ? 344 : 4;
  const magic = text(bytes, at, 4);
  if (magic !== `n+${version}` && magic !== `ni${version}`) {
    if (version === 2) throw corrupt(name, "its NIfTI-2 header has no magic");
    throw unsupported(
      name,
      "it has no NIfTI magic; it may be ANALYZE 7.5, which does not say where left is",
      "Convert it to NIfTI with the program that wrote it.",
    );
  }
  // NIfTI-2 carries line ends that a transfer as text would have changed.
  const ends = text(bytes, 8, 4);
  if (version === 2 && ends !== "\r\n\x1a\n" && ends !== "") {
    throw corrupt(name, "its line ends were changed, as a transfer as text does");
  }
  return magic.startsWith("ni");
}

function readDatatype(code: number, name: string): NiftiDatatype {
  const datatype = DATATYPES[code];
  if (datatype) return datatype;
  if (REFUSED[code])
    throw unsupported(name, `it holds ${REFUSED[code]}`, "Save it with integers or 32- or 64-bit floats.");
  throw corrupt(name, `its datatype code ${code} does not exist`);
}

function readShape(dims: number[], name: string, limits: VolumeLimits): number[] {
  const [count, ...sizes] = dims;
  if (!(count >= 1 && count <= 7)) throw corrupt(name, `it declares ${count} dimensions`);
  const shape = sizes.slice(0, count);
  checkShape(shape, product(shape.slice(3)), name, limits);
  return shape;
}

/** vox_offset; 0 in a single file means "right after the header and its four extension bytes", as in nibabel. */
function readOffset(offset: number, version: 1 | 2, paired: boolean, name: string): number {
  const least = paired ? 0 : HEADER_BYTES[version] + 4;
  if (offset === 0) return least;
  if (!Number.isSafeInteger(offset) || offset < least) throw corrupt(name, `its voxels begin at byte ${offset}`);
  return offset;
}
