/**
 * @file DICOM files for tests, written element by element, so that they can be wrong in any way that is asked for.
 * Nothing here is checked: a length, a tag or a value that makes no sense is written as it is.
 */
import { deflateSync } from "fflate";

export interface Spec {
  tag: number;
  vr: string;
  /** Bytes, text, numbers by the VR, or items. */
  value: Uint8Array | string | readonly number[] | readonly Spec[][];
  /** Written instead of the true length. 0xffffffff for sequences adds delimiters. */
  length?: number;
}

export interface Layout {
  explicit?: boolean;
  littleEndian?: boolean;
  /** Sequences and items of undefined length. */
  undefinedLength?: boolean;
}

export const el = (tag: number, vr: string, value: Spec["value"], length?: number): Spec => ({
  tag,
  vr,
  value,
  length,
});

const LONG = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const UNDEFINED = 0xffffffff;

/** Concatenates bytes. */
export function bytesOf(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Numbers of the given bytes each, in the given order. */
export function packed(
  values: readonly number[],
  width: 1 | 2 | 4 | 8,
  littleEndian = true,
  float = false,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * width));
  for (const [i, value] of values.entries()) {
    const at = i * width;
    if (float) width === 4 ? view.setFloat32(at, value, littleEndian) : view.setFloat64(at, value, littleEndian);
    else if (width === 1) view.setUint8(at, value & 255);
    else if (width === 2) view.setUint16(at, value & 65535, littleEndian);
    else if (width === 4) view.setUint32(at, value >>> 0, littleEndian);
    else view.setBigUint64(at, BigInt(value), littleEndian);
  }
  return new Uint8Array(view.buffer);
}

function header(tag: number, vr: string | null, length: number, littleEndian: boolean): Uint8Array {
  const group = packed([tag >>> 16, tag & 65535], 2, littleEndian);
  if (vr === null) return bytesOf(group, packed([length], 4, littleEndian));
  const letters = [...vr].map((letter) => letter.charCodeAt(0));
  if (LONG.has(vr)) return bytesOf(group, letters, [0, 0], packed([length], 4, littleEndian));
  return bytesOf(group, letters, packed([length], 2, littleEndian));
}

function valueBytes(spec: Spec, layout: Layout): Uint8Array {
  const { value, vr } = spec;
  const little = layout.littleEndian ?? true;
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    return text.length % 2 === 0 ? text : bytesOf(text, [vr === "UI" ? 0 : 32]);
  }
  const width =
    vr === "UL" || vr === "SL" || vr === "FL" || vr === "AT" ? 4 : vr === "FD" || vr === "OV" ? 8 : vr === "OB" ? 1 : 2;
  return packed(value as readonly number[], width, little, vr === "FL" || vr === "FD");
}

/** A data set's bytes. */
export function encode(elements: readonly Spec[], layout: Layout = {}): Uint8Array {
  const little = layout.littleEndian ?? true;
  const isUndefined = layout.undefinedLength ?? false;
  return bytesOf(
    ...elements.flatMap((spec) => {
      const vr = (layout.explicit ?? true) ? spec.vr : null;
      const isSequence = spec.vr === "SQ" && !(spec.value instanceof Uint8Array);
      if (!isSequence) {
        const bytes = valueBytes(spec, layout);
        return [header(spec.tag, vr, spec.length ?? bytes.length, little), bytes];
      }
      const items = (spec.value as readonly Spec[][]).map((item) => {
        const inner = encode(item, layout);
        return isUndefined
          ? bytesOf(header(0xfffee000, null, UNDEFINED, little), inner, header(0xfffee00d, null, 0, little))
          : bytesOf(header(0xfffee000, null, inner.length, little), inner);
      });
      const body = bytesOf(...items);
      return isUndefined
        ? [header(spec.tag, vr, UNDEFINED, little), body, header(0xfffee0dd, null, 0, little)]
        : [header(spec.tag, vr, spec.length ?? body.length, little), body];
    }),
  );
}

/** Encapsulated pixel data: an offset table, then fragments, then the delimiter. */
export function encapsulated(
  fragments: readonly Uint8Array[],
  offsets: readonly number[] = [],
  end = true,
): Uint8Array {
  return bytesOf(
    header(0x7fe00010, "OB", UNDEFINED, true),
    header(0xfffee000, null, offsets.length * 4, true),
    packed(offsets, 4),
    ...fragments.flatMap((fragment) => {
      const even = fragment.length % 2 === 0 ? fragment : bytesOf(fragment, [0]);
      return [header(0xfffee000, null, even.length, true), even];
    }),
    end ? header(0xfffee0dd, null, 0, true) : [],
  );
}

export const EXPLICIT = "1.2.840.10008.1.2.1";
export const IMPLICIT = "1.2.840.10008.1.2";
export const BIG_ENDIAN = "1.2.840.10008.1.2.2";
export const DEFLATED = "1.2.840.10008.1.2.1.99";

export interface FileOptions extends Layout {
  syntax?: string | null;
  preamble?: boolean;
  meta?: boolean;
  sopClass?: string;
  /** Bytes behind the elements, such as `encapsulated`. */
  tail?: Uint8Array;
}

/** A whole file; the layout follows from the syntax unless it is given. */
export function dicomFile(elements: readonly Spec[], options: FileOptions = {}): Uint8Array {
  const syntax = options.syntax === undefined ? EXPLICIT : options.syntax;
  const layout = {
    explicit: options.explicit ?? syntax !== IMPLICIT,
    littleEndian: options.littleEndian ?? syntax !== BIG_ENDIAN,
    undefinedLength: options.undefinedLength,
  };
  const meta = encode([
    el(0x00020001, "OB", [0, 1]),
    el(0x00020002, "UI", options.sopClass ?? "1.2.840.10008.5.1.4.1.1.7"),
    el(0x00020003, "UI", "1.2.3"),
    ...(syntax === null ? [] : [el(0x00020010, "UI", syntax)]),
  ]);
  const group = encode([el(0x00020000, "UL", [meta.length])]);
  const data = bytesOf(encode(elements, layout), options.tail ?? []);
  return bytesOf(
    options.preamble === false ? [] : bytesOf(new Uint8Array(128), [0x44, 0x49, 0x43, 0x4d]),
    options.meta === false ? [] : bytesOf(group, meta),
    syntax === DEFLATED ? deflateSync(data) : data,
  );
}

export interface ImageOptions {
  rows?: number;
  columns?: number;
  frames?: number;
  samples?: number;
  allocated?: number;
  stored?: number;
  highBit?: number;
  signed?: boolean;
  photometric?: string;
  planar?: number;
  /** Elements added, or put in the place of those with the same tag. */
  more?: readonly Spec[];
}

/** The elements of an image without its pixels, sorted by tag. */
export function imageElements(options: ImageOptions = {}): Spec[] {
  const { rows = 2, columns = 3, frames = 1, samples = 1, allocated = 16 } = options;
  const stored = options.stored ?? allocated;
  const all = new Map<number, Spec>();
  const base = [
    el(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
    el(0x00080018, "UI", "1.2.3"),
    el(0x00080060, "CS", "OT"),
    el(0x0020000d, "UI", "1.2"),
    el(0x0020000e, "UI", "1.2.1"),
    el(0x00280002, "US", [samples]),
    el(0x00280004, "CS", options.photometric ?? (samples === 3 ? "RGB" : "MONOCHROME2")),
    ...(samples === 3 ? [el(0x00280006, "US", [options.planar ?? 0])] : []),
    ...(frames > 1 ? [el(0x00280008, "IS", String(frames))] : []),
    el(0x00280010, "US", [rows]),
    el(0x00280011, "US", [columns]),
    el(0x00280100, "US", [allocated]),
    el(0x00280101, "US", [stored]),
    el(0x00280102, "US", [options.highBit ?? stored - 1]),
    el(0x00280103, "US", [options.signed ? 1 : 0]),
  ];
  for (const spec of [...base, ...(options.more ?? [])]) all.set(spec.tag, spec);
  return [...all.values()].sort((a, b) => a.tag - b.tag);
}

/** An uncompressed image whose pixel data are the given bytes or numbers. */
export function imageFile(
  pixels: Uint8Array | readonly number[],
  options: ImageOptions = {},
  file: FileOptions = {},
): Uint8Array {
  const width = (Math.max(8, options.allocated ?? 16) / 8) as 1 | 2 | 4;
  const little = (file.littleEndian ?? file.syntax !== BIG_ENDIAN) === true;
  const bytes = pixels instanceof Uint8Array ? pixels : packed(pixels, width, little);
  const even = bytes.length % 2 === 0 ? bytes : bytesOf(bytes, [0]);
  return dicomFile([...imageElements(options), el(0x7fe00010, width === 1 ? "OB" : "OW", even)], file);
}

/** A compressed image: its frames, each one fragment unless they are given in pieces. */
export function compressedFile(
  syntax: string,
  fragments: readonly Uint8Array[],
  options: ImageOptions = {},
  offsets: readonly number[] = [],
): Uint8Array {
  return dicomFile(imageElements(options), { syntax, tail: encapsulated(fragments, offsets) });
}
