/**
 * @file DICOM seeds, written element by element (PS3.5, 7): every uncompressed syntax, deflated, RLE and each compressed
 * one that can be encoded here; grey, colour, palette, several frames, sequences, tables.
 */

import { deflateSync } from "fflate";
import { type Encoding as Codec, encodeFrame } from "../../packages/imaging/src/node/encoder-fixture.ts";
import { type Field, ramp, type Seed } from "./seed.ts";

type Value = string | number[] | Uint8Array | Element[][] | { fragments: Uint8Array[] };
type Element = [tag: number, vr: string, value: Value];

export interface Coding {
  uid: string;
  explicit: boolean;
  little: boolean;
}

export const IMPLICIT: Coding = { uid: "1.2.840.10008.1.2", explicit: false, little: true };
export const EXPLICIT: Coding = { uid: "1.2.840.10008.1.2.1", explicit: true, little: true };
const BIG: Coding = { uid: "1.2.840.10008.1.2.2", explicit: true, little: false };
const coded = (uid: string): Coding => ({ ...EXPLICIT, uid: `1.2.840.10008.1.2.${uid}` });

const UNDEFINED = 0xffffffff;
const LONG = new Set(["OB", "OW", "OF", "OD", "OL", "SQ", "UN", "UT", "UC", "UR"]);
const WIDTH: Record<string, 2 | 4 | 8> = { US: 2, SS: 2, OW: 2, UL: 4, SL: 4, FL: 4, OF: 4, FD: 8, OD: 8 };

/** Bytes under construction, and where lengths and types stand in them. */
class Writer {
  readonly parts: number[] = [];
  readonly fields: Field[] = [];
  constructor(readonly coding: Coding) {}

  number(value: number, bytes: 1 | 2 | 4, isField = false): void {
    if (isField) this.fields.push({ at: this.parts.length, bytes, little: this.coding.little });
    const digits = Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
    this.parts.push(...(this.coding.little ? digits : digits.reverse()));
  }

  tag(tag: number): void {
    this.number(tag >>> 16, 2);
    this.number(tag & 0xffff, 2);
  }

  /** Tag, VR and length. */
  head(tag: number, vr: string, length: number): void {
    this.tag(tag);
    if (!this.coding.explicit) {
      this.number(length, 4, true);
      return;
    }
    this.fields.push({ at: this.parts.length, bytes: 2, little: true });
    this.parts.push(vr.charCodeAt(0), vr.charCodeAt(1));
    if (LONG.has(vr)) this.number(0, 2);
    this.number(length, LONG.has(vr) ? 4 : 2, true);
  }

  element([tag, vr, value]: Element): void {
    if (typeof value === "object" && "fragments" in value) this.encapsulated(tag, value.fragments);
    else if (vr === "SQ") this.sequence(tag, value as Element[][]);
    else this.plain(tag, vr, value as string | number[] | Uint8Array);
  }

  plain(tag: number, vr: string, value: string | number[] | Uint8Array): void {
    const content = this.content(vr, value);
    this.head(tag, vr, content.length);
    // The numbers that decide sizes are worth lying about.
    if (vr === "US" && content.length === 2)
      this.fields.push({ at: this.parts.length, bytes: 2, little: this.coding.little });
    for (const byte of content) this.parts.push(byte);
  }

  content(vr: string, value: string | number[] | Uint8Array): number[] {
    if (value instanceof Uint8Array) return [...value, ...(value.length % 2 ? [0] : [])];
    if (typeof value === "string") {
      const bytes = Array.from(value, (char) => char.charCodeAt(0));
      return bytes.length % 2 ? [...bytes, vr === "UI" ? 0 : 32] : bytes;
    }
    const width = WIDTH[vr] ?? 1;
    const view = new DataView(new ArrayBuffer(width * value.length));
    const { little } = this.coding;
    value.forEach((number, i) => {
      if (vr === "FL" || vr === "OF") view.setFloat32(i * 4, number, little);
      else if (vr === "FD" || vr === "OD") view.setFloat64(i * 8, number, little);
      else if (width === 4) view.setInt32(i * 4, number, little);
      else if (width === 2) view.setInt16(i * 2, number, little);
      else view.setUint8(i, number);
    });
    const bytes = [...new Uint8Array(view.buffer)];
    return bytes.length % 2 ? [...bytes, 0] : bytes;
  }

  /** Undefined lengths for the sequence, defined ones for its items. */
  sequence(tag: number, items: Element[][]): void {
    this.head(tag, "SQ", UNDEFINED);
    for (const item of items) {
      const inner = new Writer(this.coding);
      for (const element of item) inner.element(element);
      this.tag(0xfffee000);
      this.number(inner.parts.length, 4, true);
      for (const field of inner.fields) this.fields.push({ ...field, at: field.at + this.parts.length });
      this.parts.push(...inner.parts);
    }
    this.tag(0xfffee0dd);
    this.number(0, 4, true);
  }

  /** A.4: an offset table, a fragment a frame, a delimiter. */
  encapsulated(tag: number, fragments: Uint8Array[]): void {
    this.head(tag, "OB", UNDEFINED);
    this.tag(0xfffee000);
    this.number(4 * fragments.length, 4, true);
    let offset = 0;
    for (const fragment of fragments) {
      this.number(offset, 4, true);
      offset += 8 + fragment.length + (fragment.length % 2);
    }
    for (const fragment of fragments) {
      this.tag(0xfffee000);
      this.number(fragment.length + (fragment.length % 2), 4, true);
      for (const byte of fragment) this.parts.push(byte);
      if (fragment.length % 2) this.parts.push(0);
    }
    this.tag(0xfffee0dd);
    this.number(0, 4, true);
  }
}

interface Picture {
  columns?: number;
  rows?: number;
  frames?: number;
  samples?: 1 | 3;
  allocated?: 1 | 8 | 16 | 32 | 64;
  stored?: number;
  signed?: boolean;
  photometric?: string;
  pixels: Value;
  pixelVr?: string;
  pixelTag?: number;
  more?: Element[];
}

/** A file: preamble, meta header, data set; and its fields. */
export function dicomFile(coding: Coding, picture: Picture): { bytes: Uint8Array; fields: Field[] } {
  const {
    columns = 16,
    rows = 16,
    frames = 1,
    samples = 1,
    allocated = 16,
    stored = allocated,
    signed = false,
  } = picture;
  const data = new Writer(coding);
  const elements: Element[] = [
    [0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"],
    [0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"],
    [0x00080018, "UI", "2.25.1"],
    [0x00080060, "CS", "CT"],
    [0x00180050, "DS", "2.5"],
    [0x0020000d, "UI", "2.25.2"],
    [0x0020000e, "UI", "2.25.3"],
    [0x00200013, "IS", "1"],
    [0x00200032, "DS", "-10\\-20\\30.5"],
    [0x00200037, "DS", "1\\0\\0\\0\\1\\0"],
    [0x00200052, "UI", "2.25.4"],
    [0x00280002, "US", [samples]],
    [0x00280004, "CS", picture.photometric ?? (samples === 1 ? "MONOCHROME2" : "RGB")],
    ...(samples === 3 ? ([[0x00280006, "US", [0]]] as Element[]) : []),
    ...(frames > 1 ? ([[0x00280008, "IS", String(frames)]] as Element[]) : []),
    [0x00280010, "US", [rows]],
    [0x00280011, "US", [columns]],
    [0x00280030, "DS", "0.5\\0.75"],
    [0x00280100, "US", [allocated]],
    [0x00280101, "US", [stored]],
    [0x00280102, "US", [stored - 1]],
    [0x00280103, "US", [signed ? 1 : 0]],
    ...(picture.more ?? []),
    [picture.pixelTag ?? 0x7fe00010, picture.pixelVr ?? (allocated > 8 ? "OW" : "OB"), picture.pixels],
  ];
  for (const element of elements.sort((a, b) => a[0] - b[0])) data.element(element);
  const meta = new Writer(EXPLICIT);
  meta.element([0x00020001, "OB", [0, 1]]);
  meta.element([0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7"]);
  meta.element([0x00020003, "UI", "2.25.1"]);
  meta.element([0x00020010, "UI", coding.uid]);
  const start = new Writer(EXPLICIT);
  for (let i = 0; i < 128; i++) start.parts.push(0);
  start.parts.push(...Array.from("DICM", (char) => char.charCodeAt(0)));
  start.element([0x00020000, "UL", [meta.parts.length]]);
  const metaAt = start.parts.length;
  const dataAt = metaAt + meta.parts.length;
  return {
    bytes: Uint8Array.from([...start.parts, ...meta.parts, ...data.parts]),
    fields: [
      ...start.fields,
      ...meta.fields.map((field) => ({ ...field, at: field.at + metaAt })),
      ...data.fields.map((field) => ({ ...field, at: field.at + dataAt })),
    ],
  };
}

/** One frame as RLE (G.3): a segment a byte plane, literals of up to 128 and runs. */
function rleFrame(planes: number[][]): Uint8Array {
  const segments = planes.map((plane) => {
    const out: number[] = [];
    for (let at = 0; at < plane.length; ) {
      let run = 1;
      while (run < 128 && at + run < plane.length && plane[at + run] === plane[at]) run++;
      if (run > 2) {
        out.push(257 - run, plane[at]);
        at += run;
      } else {
        const literal = plane.slice(at, at + 16);
        out.push(literal.length - 1, ...literal);
        at += literal.length;
      }
    }
    return out.length % 2 ? [...out, 0] : out;
  });
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  segments.reduce((at, segment, i) => {
    header.setUint32(4 + 4 * i, at, true);
    return at + segment.length;
  }, 64);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
}

const words = ramp(256, 4000);
const bytes = ramp(256, 256);
const rgb = ramp(768, 256);
const flat = Array.from({ length: 256 }, (_, i) => (i < 128 ? 7 : i));

const RESCALE: Element[] = [
  [0x00281050, "DS", "40\\500"],
  [0x00281051, "DS", "400\\2000"],
  [0x00281052, "DS", "-1024"],
  [0x00281053, "DS", "1"],
  [0x00281054, "LO", "HU"],
];
const lut = (length: number): number[] => ramp(length, 65536).map((value) => (value > 32767 ? value - 65536 : value));
const TABLES: Element[] = [
  [
    0x00283000,
    "SQ",
    [
      [
        [0x00283002, "US", [256, 0, 16]],
        [0x00283004, "LO", "HU"],
        [0x00283006, "OW", lut(256)],
      ],
    ],
  ],
  [
    0x00283010,
    "SQ",
    [
      [
        [0x00283002, "US", [256, 0, 12]],
        [0x00283006, "OW", lut(256)],
      ],
    ],
  ],
];
const PALETTE: Element[] = [1, 2, 3].flatMap((i): Element[] => [
  [0x00281100 + i, "US", [256, 0, 16]],
  [0x00281200 + i, "OW", lut(256)],
]);
/** Shared and per-frame groups of an enhanced object (C.7.6.16). */
const GROUPS: Element[] = [
  [
    0x52009229,
    "SQ",
    [
      [
        [
          0x00289110,
          "SQ",
          [
            [
              [0x00180050, "DS", "3"],
              [0x00280030, "DS", "0.5\\0.5"],
            ],
          ],
        ],
        [0x00209116, "SQ", [[[0x00200037, "DS", "1\\0\\0\\0\\1\\0"]]]],
        [
          0x00289145,
          "SQ",
          [
            [
              [0x00281052, "DS", "-5"],
              [0x00281053, "DS", "2"],
            ],
          ],
        ],
      ],
    ],
  ],
  [
    0x52009230,
    "SQ",
    [0, 1, 2].map((i): Element[] => [
      [0x00209113, "SQ", [[[0x00200032, "DS", `0\\0\\${3 * i}`]]]],
      [0x00209111, "SQ", [[[0x00209057, "UL", [i + 1]]]]],
    ]),
  ],
];

function native(): Seed[] {
  const make = (name: string, coding: Coding, picture: Picture): Seed => ({
    kind: "dicom",
    name,
    codec: false,
    ...dicomFile(coding, picture),
  });
  const two = (frame: number[][]) => ({ fragments: [rleFrame(frame), rleFrame(frame)] });
  const low = words.map((value) => value & 255);
  const high = words.map((value) => value >> 8);
  return [
    make("implicit", IMPLICIT, { pixels: words, stored: 12, more: RESCALE }),
    make("explicit", EXPLICIT, { pixels: words, stored: 12, signed: true, more: [...RESCALE, ...TABLES.slice(1)] }),
    make("big endian", BIG, { pixels: words, stored: 12, more: RESCALE }),
    make("tables", IMPLICIT, { pixels: bytes, allocated: 8, more: TABLES }),
    make("monochrome 1", EXPLICIT, { pixels: bytes, allocated: 8, photometric: "MONOCHROME1" }),
    make("rgb", EXPLICIT, { pixels: rgb, allocated: 8, samples: 3 }),
    make("ybr", EXPLICIT, { pixels: rgb, allocated: 8, samples: 3, photometric: "YBR_FULL" }),
    make("ybr 422", EXPLICIT, { pixels: rgb.slice(0, 512), allocated: 8, samples: 3, photometric: "YBR_FULL_422" }),
    make("palette", EXPLICIT, { pixels: bytes, allocated: 8, photometric: "PALETTE COLOR", more: PALETTE }),
    make("one bit", EXPLICIT, { pixels: bytes.slice(0, 32), allocated: 1 }),
    make("32 bits", EXPLICIT, { pixels: words.flatMap((v) => [v, 0]), allocated: 32, pixelVr: "OW" }),
    make("float", EXPLICIT, { pixels: words, allocated: 32, pixelVr: "OF", pixelTag: 0x7fe00008 }),
    make("frames", EXPLICIT, { frames: 3, columns: 8, rows: 8, pixels: words.slice(0, 192), more: GROUPS }),
    make("rle 8", coded("5"), { allocated: 8, pixels: { fragments: [rleFrame([flat])] } }),
    make("rle 16", coded("5"), { frames: 2, pixels: two([high, low]) }),
    make("rle rgb", coded("5"), { allocated: 8, samples: 3, pixels: { fragments: [rleFrame([flat, bytes, flat])] } }),
  ];
}

/** The data set is mutated, then deflated as a whole (A.5). */
function deflated(): Seed {
  const plain = dicomFile({ ...EXPLICIT, uid: "1.2.840.10008.1.2.1.99" }, { pixels: words, more: RESCALE });
  // The first element of group 8 ends the meta header.
  const start = plain.bytes.findIndex(
    (byte, i) => i > 140 && byte === 8 && plain.bytes[i + 1] === 0 && plain.bytes[i + 2] === 8,
  );
  const head = plain.bytes.slice(0, start);
  const seal = (data: Uint8Array) => Uint8Array.from([...head, ...deflateSync(data, { level: 1 })]);
  const fields = plain.fields.filter(({ at }) => at >= start).map((field) => ({ ...field, at: field.at - start }));
  return { kind: "dicom", name: "deflated", codec: false, bytes: plain.bytes.slice(start), fields, seal };
}

interface Frame {
  columns: number;
  rows: number;
  samples: 1 | 3;
  bits: number;
  pixels: Uint8Array | Uint16Array;
}

interface Encoding {
  codec: Codec;
  lossy: boolean;
  predictor?: number;
}

const GREY_8: Frame = { columns: 16, rows: 16, samples: 1, bits: 8, pixels: Uint8Array.from(bytes) };
const GREY_16: Frame = { columns: 16, rows: 16, samples: 1, bits: 16, pixels: Uint16Array.from(words) };
const RGB: Frame = { columns: 16, rows: 16, samples: 3, bits: 8, pixels: Uint8Array.from(rgb) };

async function compressed(): Promise<Seed[]> {
  const rows: [uid: string, frame: Frame, encoding: Encoding][] = [
    ["4.50", GREY_8, { codec: "Jpeg", lossy: true }],
    ["4.50", RGB, { codec: "Jpeg", lossy: true }],
    ["4.57", GREY_16, { codec: "Jpeg", lossy: false, predictor: 6 }],
    ["4.70", GREY_16, { codec: "Jpeg", lossy: false }],
    ["4.70", RGB, { codec: "Jpeg", lossy: false }],
    ["4.80", GREY_8, { codec: "JpegLs", lossy: false }],
    ["4.80", GREY_16, { codec: "JpegLs", lossy: false }],
    ["4.81", RGB, { codec: "JpegLs", lossy: true }],
    ["4.90", GREY_16, { codec: "Jpeg2000", lossy: false }],
    ["4.91", GREY_8, { codec: "Jpeg2000", lossy: true }],
    ["4.91", RGB, { codec: "Jpeg2000", lossy: true }],
    ["4.201", GREY_16, { codec: "HtJpeg2000", lossy: false }],
    ["4.203", GREY_8, { codec: "HtJpeg2000", lossy: true }],
  ];
  const seeds: Seed[] = [];
  for (const [uid, frame, encoding] of rows) {
    const { codec, lossy, predictor } = encoding;
    const { buffer, byteOffset, byteLength } = frame.pixels;
    const spec = { ...frame, allocated: frame.bits, stored: frame.bits, signed: false };
    const stream = await encodeFrame(codec, new Uint8Array(buffer, byteOffset, byteLength), spec, lossy, predictor);
    const frames = frame === GREY_8 ? 2 : 1;
    const file = dicomFile(coded(uid), {
      frames,
      samples: frame.samples,
      allocated: frame.bits <= 8 ? 8 : 16,
      pixels: { fragments: Array(frames).fill(stream) },
      pixelVr: "OB",
    });
    const name = `${uid} ${frame.samples === 3 ? "rgb" : frame.bits}`;
    seeds.push({ kind: "dicom", name, codec: true, ...file });
  }
  return seeds;
}

export async function dicomSeeds(): Promise<Seed[]> {
  return [...native(), deflated(), ...(await compressed())];
}
