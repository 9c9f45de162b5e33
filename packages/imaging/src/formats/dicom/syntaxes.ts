/**
 * @file Transfer syntaxes (PS3.5, 10; PS3.6, A): how a data set and its pixels are coded, and which of them hale reads.
 * docs/transfer-syntaxes.md is made from this table.
 */

export type PixelCoding = "native" | "rle" | "jpeg" | "jpeg-ls" | "jpeg-2000" | null;

export interface TransferSyntax {
  uid: string;
  name: string;
  explicit: boolean;
  littleEndian: boolean;
  deflated: boolean;
  /** How frames are coded; null: hale does not read them. */
  pixels: PixelCoding;
  /** Whether decoded values may differ from those that were encoded. */
  lossy: boolean;
  /** Why it is not read. */
  refused?: string;
}

const JPEG = "1.2.840.10008.1.2.4";

function encapsulated(uid: string, name: string, pixels: PixelCoding, lossy: boolean, refused?: string) {
  return { uid, name, explicit: true, littleEndian: true, deflated: false, pixels, lossy, ...(refused && { refused }) };
}

const native = { deflated: false, pixels: "native" as const, lossy: false };
const RETIRED = "a retired JPEG process that no kept codec decodes";
const VIDEO = "it is a video";
const REFERENCED = "its pixels are on a server, not in the file";

export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  { uid: "1.2.840.10008.1.2", name: "Implicit VR Little Endian", explicit: false, littleEndian: true, ...native },
  { uid: "1.2.840.10008.1.2.1", name: "Explicit VR Little Endian", explicit: true, littleEndian: true, ...native },
  {
    uid: "1.2.840.10008.1.2.1.99",
    name: "Deflated Explicit VR Little Endian",
    explicit: true,
    littleEndian: true,
    ...native,
    deflated: true,
  },
  { uid: "1.2.840.10008.1.2.2", name: "Explicit VR Big Endian", explicit: true, littleEndian: false, ...native },
  encapsulated("1.2.840.10008.1.2.5", "RLE Lossless", "rle", false),
  encapsulated(`${JPEG}.50`, "JPEG Baseline (Process 1)", "jpeg", true),
  encapsulated(`${JPEG}.51`, "JPEG Extended (Processes 2 and 4)", "jpeg", true),
  encapsulated(`${JPEG}.53`, "JPEG Spectral Selection (Processes 6 and 8)", "jpeg", true),
  encapsulated(`${JPEG}.55`, "JPEG Full Progression (Processes 10 and 12)", "jpeg", true),
  encapsulated(`${JPEG}.57`, "JPEG Lossless (Process 14)", "jpeg", false),
  encapsulated(`${JPEG}.70`, "JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)", "jpeg", false),
  encapsulated(`${JPEG}.80`, "JPEG-LS Lossless", "jpeg-ls", false),
  encapsulated(`${JPEG}.81`, "JPEG-LS Near-Lossless", "jpeg-ls", true),
  encapsulated(`${JPEG}.90`, "JPEG 2000, Lossless Only", "jpeg-2000", false),
  encapsulated(`${JPEG}.91`, "JPEG 2000", "jpeg-2000", true),
  encapsulated(`${JPEG}.201`, "High-Throughput JPEG 2000, Lossless Only", "jpeg-2000", false),
  encapsulated(`${JPEG}.202`, "High-Throughput JPEG 2000 with RPCL Options, Lossless Only", "jpeg-2000", false),
  encapsulated(`${JPEG}.203`, "High-Throughput JPEG 2000", "jpeg-2000", true),
  ...[52, 54, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66].map((n) =>
    encapsulated(`${JPEG}.${n}`, `JPEG, retired process (${n})`, null, n !== 58 && n < 65, RETIRED),
  ),
  encapsulated(`${JPEG}.92`, "JPEG 2000 Part 2, Lossless Only", null, false, "a volume in one code stream"),
  encapsulated(`${JPEG}.93`, "JPEG 2000 Part 2", null, true, "a volume in one code stream"),
  encapsulated(`${JPEG}.94`, "JPIP Referenced", null, false, REFERENCED),
  encapsulated(`${JPEG}.95`, "JPIP Referenced Deflate", null, false, REFERENCED),
  encapsulated(`${JPEG}.204`, "JPIP HTJ2K Referenced", null, false, REFERENCED),
  encapsulated(`${JPEG}.205`, "JPIP HTJ2K Referenced Deflate", null, false, REFERENCED),
  ...[100, 101, 102, 103, 104, 105, 106, 107, 108].flatMap((n) => [
    encapsulated(`${JPEG}.${n}`, `MPEG or HEVC video (${n})`, null, true, VIDEO),
    ...(n <= 106 ? [encapsulated(`${JPEG}.${n}.1`, `MPEG or HEVC video (${n}.1)`, null, true, VIDEO)] : []),
  ]),
  encapsulated(`${JPEG}.110`, "JPEG XL Lossless", null, false, "JPEG XL is not decoded yet"),
  encapsulated(`${JPEG}.111`, "JPEG XL JPEG Recompression", null, true, "JPEG XL is not decoded yet"),
  encapsulated(`${JPEG}.112`, "JPEG XL", null, true, "JPEG XL is not decoded yet"),
];

/** The syntax of a UID, or null when it is unknown. */
export function transferSyntax(uid: string): TransferSyntax | null {
  return TRANSFER_SYNTAXES.find((syntax) => syntax.uid === uid) ?? null;
}
