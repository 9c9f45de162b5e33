/** @file NIfTI files for tests, made byte by byte from nifti1.h and nifti2.h and not by our own writer: lies included. */

export interface FixtureOptions {
  version?: 1 | 2;
  littleEndian?: boolean;
  magic?: string;
  /** dim[0] and what follows it. */
  dim?: (number | bigint)[];
  datatype?: number;
  bitpix?: number;
  pixdim?: number[];
  voxOffset?: number;
  slope?: number;
  intercept?: number;
  calMax?: number;
  calMin?: number;
  units?: number;
  qformCode?: number;
  sformCode?: number;
  /** quatern_b, c, d, qoffset_x, y, z. */
  quaternion?: number[];
  /** srow_x, srow_y, srow_z. */
  srows?: number[];
  /** What follows the header and its four extension bytes. */
  data?: Uint8Array;
  /** What follows the header at once, instead of four zero bytes. */
  extension?: number[];
  /** Leaves out data and extension bytes: an .hdr. */
  headerOnly?: boolean;
}

/** A lawful 3 × 2 × 2 uint8 volume with samples 0…11, millimetres, sform of a plain RAS grid, unless told otherwise. */
export function niftiBytes(options: FixtureOptions = {}): Uint8Array {
  const { version = 1, littleEndian = true, headerOnly = false } = options;
  const data = headerOnly ? new Uint8Array(0) : (options.data ?? Uint8Array.from({ length: 12 }, (_, i) => i));
  const extension = headerOnly ? [] : (options.extension ?? [0, 0, 0, 0]);
  const size = version === 1 ? 348 : 540;
  const out = new Uint8Array(size + extension.length + data.length);
  out.set(extension, size);
  out.set(data, size + extension.length);
  const view = new DataView(out.buffer);
  const int16 = (at: number, value: number) => view.setInt16(at, value, littleEndian);
  const int32 = (at: number, value: number) => view.setInt32(at, value, littleEndian);
  const reals = (at: number, ...values: number[]) => {
    values.forEach((value, i) => {
      if (version === 1) view.setFloat32(at + 4 * i, value, littleEndian);
      else view.setFloat64(at + 8 * i, value, littleEndian);
    });
  };
  const letters = (at: number, value: string) => {
    for (let i = 0; i < value.length; i++) out[at + i] = value.charCodeAt(i);
  };
  const long = (at: number, value: number | bigint) => view.setBigInt64(at, BigInt(value), littleEndian);
  const first = version === 1;

  int32(0, size);
  letters(first ? 344 : 4, options.magic ?? (first ? "n+1" : "n+2\0\r\n\x1a\n"));
  (options.dim ?? [3, 3, 2, 2]).forEach((value, i) => {
    if (first) int16(40 + 2 * i, Number(value));
    else long(16 + 8 * i, value);
  });
  int16(first ? 70 : 12, options.datatype ?? 2);
  int16(first ? 72 : 14, options.bitpix ?? 8);
  reals(first ? 76 : 104, ...(options.pixdim ?? [1, 1, 1, 1, 1, 1, 1, 1]));
  const offset = options.voxOffset ?? (headerOnly ? 0 : size + extension.length);
  if (first) reals(108, offset);
  else long(168, offset);
  reals(first ? 112 : 176, options.slope ?? 1, options.intercept ?? 0);
  reals(first ? 124 : 192, options.calMax ?? 0, options.calMin ?? 0);
  if (first) out[123] = options.units ?? 2;
  else int32(500, options.units ?? 2);
  if (first) {
    int16(252, options.qformCode ?? 0);
    int16(254, options.sformCode ?? 1);
  } else {
    int32(344, options.qformCode ?? 0);
    int32(348, options.sformCode ?? 1);
  }
  reals(first ? 256 : 352, ...(options.quaternion ?? [0, 0, 0, 0, 0, 0]));
  reals(first ? 280 : 400, ...(options.srows ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]));
  return out;
}

/** The bytes of numbers of one type, in the byte order asked for. */
export function bytesOf(
  values: readonly (number | bigint)[],
  type: "Int16" | "Uint16" | "Int32" | "Uint32" | "Float32" | "Float64" | "BigInt64" | "BigUint64" | "Int8" | "Uint8",
  littleEndian = true,
): Uint8Array {
  const width = { Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4 }[type as "Int8"] ?? 8;
  const out = new Uint8Array(values.length * width);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    (view[`set${type}`] as (at: number, value: number | bigint, little: boolean) => void).call(
      view,
      i * width,
      value,
      littleEndian,
    );
  });
  return out;
}
