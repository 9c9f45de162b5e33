/** @file Seeds of volumes: NIfTI of both versions and byte orders, alone, compressed and in pairs; NRRD; MetaImage. */
import { gzipSync, zlibSync } from "fflate";
import { type Field, fieldsAt, ramp, type Seed } from "./seed.ts";

interface Header {
  version: 1 | 2;
  little: boolean;
  pair?: boolean;
  dims: number[];
  datatype: number;
  bits: number;
  slope?: number;
  sform?: boolean;
}

/** A NIfTI header written from nifti1.h and nifti2.h; 352 or 544 bytes (with an empty extension), fewer for a pair. */
function niftiHeader({ version, little, pair, dims, datatype, bits, slope = 0, sform = true }: Header): Uint8Array {
  const size = version === 1 ? 348 : 540;
  const out = new Uint8Array(pair ? size : size + 4);
  const view = new DataView(out.buffer);
  const real = (at: number, ...values: number[]) =>
    values.forEach((value, i) => {
      if (version === 1) view.setFloat32(at + 4 * i, value, little);
      else view.setFloat64(at + 8 * i, value, little);
    });
  const magic = `${pair ? "ni" : "n+"}${version}\0${version === 2 ? "\r\n\x1a\n" : ""}`;
  view.setInt32(0, size, little);
  out.set(
    Array.from(magic, (char) => char.charCodeAt(0)),
    version === 1 ? 344 : 4,
  );
  const all = [dims.length, ...dims, ...Array(7 - dims.length).fill(1)];
  all.forEach((dim, i) => {
    if (version === 1) view.setInt16(40 + 2 * i, dim, little);
    else view.setBigInt64(16 + 8 * i, BigInt(dim), little);
  });
  view.setInt16(version === 1 ? 70 : 12, datatype, little);
  view.setInt16(version === 1 ? 72 : 14, bits, little);
  real(version === 1 ? 76 : 104, 1, 2, 2.5, 3, 1, 1, 1, 1);
  if (version === 1) view.setFloat32(108, pair ? 0 : 352, little);
  else view.setBigInt64(168, BigInt(pair ? 0 : 544), little);
  real(version === 1 ? 112 : 176, slope, 10);
  if (version === 1) view.setInt16(sform ? 254 : 252, 1, little);
  else view.setInt32(sform ? 348 : 344, 1, little);
  real(version === 1 ? 256 : 352, 0, 0, 0.6, 5, 6, 7);
  real(version === 1 ? 280 : 400, -2, 0, 0, 30, 0, 2.5, 0, -40, 0, 0, 3, -16);
  return out;
}

function niftiFields(version: 1 | 2, little: boolean): Field[] {
  return version === 1
    ? [
        ...fieldsAt(0, 4, little),
        ...fieldsAt(40, 2, little, 8),
        ...fieldsAt(70, 2, little, 2),
        ...fieldsAt(76, 4, little, 8),
        ...fieldsAt(108, 4, little, 5),
        ...fieldsAt(123, 1, little),
        ...fieldsAt(252, 2, little, 2),
        ...fieldsAt(256, 4, little, 18),
        ...fieldsAt(344, 4, little),
        ...fieldsAt(348, 4, little),
      ]
    : [
        ...fieldsAt(0, 4, little, 3),
        ...fieldsAt(12, 2, little, 2),
        ...fieldsAt(16, 8, little, 8),
        ...fieldsAt(104, 8, little, 12),
        ...fieldsAt(344, 4, little, 2),
        ...fieldsAt(352, 8, little, 18),
        ...fieldsAt(500, 4, little),
        ...fieldsAt(540, 4, little),
      ];
}

function niftiSeeds(): Seed[] {
  // Every eighth byte: small enough for 64-bit integers too.
  const pixels = (count: number) => Uint8Array.from(ramp(count, 251), (value, i) => (i % 8 < 2 ? value : 0));
  const whole = (header: Header, count: number) => Uint8Array.from([...niftiHeader(header), ...pixels(count)]);
  const one: Header = { version: 1, little: true, dims: [6, 5, 4], datatype: 4, bits: 16, slope: 2 };
  const rows: [string, Header, number][] = [
    ["int16", one, 240],
    ["big endian float", { ...one, little: false, datatype: 16, bits: 32 }, 480],
    ["4D uint8, qform", { ...one, dims: [4, 4, 3, 2], datatype: 2, bits: 8, sform: false }, 96],
    ["rgb", { ...one, dims: [4, 4, 2], datatype: 128, bits: 24 }, 96],
    ["int64", { ...one, dims: [3, 3, 2], datatype: 1024, bits: 64 }, 144],
    ["version 2", { ...one, version: 2, datatype: 512 }, 240],
    [
      "version 2 big endian double",
      { ...one, version: 2, little: false, dims: [4, 3, 2], datatype: 64, bits: 64 },
      192,
    ],
  ];
  const seeds = rows.map(([name, header, count]): Seed => {
    const fields = niftiFields(header.version, header.little);
    return { kind: "nifti", name, bytes: whole(header, count), codec: false, fields };
  });
  const fields = niftiFields(1, true);
  const gzip = (bytes: Uint8Array) => gzipSync(bytes, { level: 1, mtime: 0 });
  const paired = niftiHeader({ ...one, pair: true });
  return [
    ...seeds,
    { kind: "nifti", name: "gzip", bytes: whole(one, 240), codec: false, fields, seal: gzip, file: "a.nii.gz" },
    {
      kind: "nifti",
      name: "gzip itself",
      bytes: gzip(whole(one, 240)),
      codec: false,
      fields: fieldsAt(0, 1, true, 10),
    },
    {
      kind: "nifti",
      name: "header of a pair",
      bytes: paired,
      codec: false,
      fields: fields.filter((field) => field.at + field.bytes <= paired.length),
      file: "a.hdr",
      companions: { "a.img": pixels(240) },
    },
    {
      kind: "nifti",
      name: "image of a pair",
      bytes: pixels(240),
      codec: false,
      fields: [],
      file: "a.img",
      companions: { "a.hdr": paired },
    },
  ];
}

const text = (content: string) => Uint8Array.from(content, (char) => char.charCodeAt(0));
const join = (header: string, data: Uint8Array) => Uint8Array.from([...text(header), ...data]);

function nrrdSeeds(): Seed[] {
  const head = (more: string) =>
    `NRRD0005\n# made here\ntype: int16\ndimension: 3\nspace: left-posterior-superior\nsizes: 5 4 3\n` +
    `space directions: (2,0,0) (0,2.5,0) (0,0,3)\nkinds: domain domain domain\nendian: little\n` +
    `space origin: (-1,2,3)\n${more}\n`;
  const data = Uint8Array.from(ramp(120, 251));
  const seed = (name: string, bytes: Uint8Array, more: Partial<Seed> = {}): Seed => ({
    kind: "nrrd",
    name,
    bytes,
    codec: false,
    fields: [],
    ...more,
  });
  return [
    seed("raw", join(head("encoding: raw\n"), data)),
    seed("gzip", join(head("encoding: gzip\n"), gzipSync(data, { mtime: 0 }))),
    seed(
      "ascii",
      text(`NRRD0001\ntype: uchar\ndimension: 2\nsizes: 3 2\nencoding: ascii\nspacings: 1 2\n\n1 2 3\n4 5 6\n`),
    ),
    seed(
      "vectors",
      join(
        `NRRD0004\ntype: float\ndimension: 4\nsizes: 3 2 2 2\nencoding: raw\nendian: big\nspace: RAS\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\n\n`,
        Uint8Array.from(ramp(96, 200)),
      ),
    ),
    seed("detached", text(head("encoding: raw\nline skip: 0\nbyte skip: 0\ndata file: a.raw\n")), {
      file: "a.nhdr",
      companions: { "a.raw": data },
    }),
  ];
}

function metaSeeds(): Seed[] {
  const head = (more: string) =>
    `ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n` +
    `TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -1 2 3\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = RAI\n` +
    `ElementSpacing = 2 2.5 3\nDimSize = 5 4 3\nElementType = MET_SHORT\n${more}`;
  const data = Uint8Array.from(ramp(120, 251));
  const packed = zlibSync(data);
  const seed = (name: string, bytes: Uint8Array, more: Partial<Seed> = {}): Seed => ({
    kind: "metaimage",
    name,
    bytes,
    codec: false,
    fields: [],
    ...more,
  });
  return [
    seed("local", join(head("ElementDataFile = LOCAL\n"), data)),
    seed(
      "compressed",
      join(head(`CompressedData = True\nCompressedDataSize = ${packed.length}\nElementDataFile = LOCAL\n`), packed),
    ),
    seed(
      "ascii",
      text(
        `NDims = 2\nDimSize = 3 2\nBinaryData = False\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n1 2 3 4 5 6\n`,
      ),
    ),
    seed(
      "channels",
      join(
        `NDims = 2\nDimSize = 4 4\nElementNumberOfChannels = 3\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n`,
        data.slice(0, 48),
      ),
    ),
    seed("apart", text(head("HeaderSize = 0\nElementDataFile = a.raw\n")), {
      file: "a.mhd",
      companions: { "a.raw": data },
    }),
  ];
}

export function volumeSeeds(): Seed[] {
  return [...niftiSeeds(), ...nrrdSeeds(), ...metaSeeds()];
}
