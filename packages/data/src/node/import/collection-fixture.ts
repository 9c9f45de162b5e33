/**
 * @file A collection as a hospital might hand it over, for tests: series, zips, pictures, things to leave out, and made-up
 * people whose names, numbers and dates stand in every place where such things have been found. Not one may come through.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync, inflateSync } from "node:zlib";
import { encodePng, writeNifti } from "@hale/imaging";
import CRC32 from "crc-32";
import { zipSync } from "fflate";
import {
  dicomFile,
  el,
  imageElements,
  packed,
  type Spec,
} from "../../../../imaging/src/formats/dicom/dicom-fixture.ts";

/** What must not be found, in whatever case and coding. */
export const PLANTED = [
  "Quillfeather",
  "Zebedee",
  "PID-77-4411",
  "19471103",
  "ACC990817",
  "Marchbanks",
  "Ottoline",
  "PID-88-5522",
  "Plantagenet",
  "Wobblethorpe",
  "1.2.826.0.1.999",
  "20190417",
] as const;

const UID = "1.2.826.0.1.999";
const CT = "1.2.840.10008.5.1.4.1.1.2";
const DX = "1.2.840.10008.5.1.4.1.1.1.1";
const PHOTO = "1.2.840.10008.5.1.4.1.1.77.1.4";

export interface Person {
  name: string;
  id: string;
}
export const ZEBEDEE: Person = { name: "Quillfeather^Zebedee", id: "PID-77-4411" };
export const OTTOLINE: Person = { name: "Marchbanks^Ottoline", id: "PID-88-5522" };

/** Elements with the person in every one that takes text, also private, nested and misused ones. */
function personal(person: Person | null, study: string): Spec[] {
  const who = person ?? { name: "", id: "" };
  return [
    el(0x00080020, "DA", "20190417"),
    el(0x00080050, "SH", `ACC990817${study}`),
    el(0x00080080, "LO", "Plantagenet Infirmary"),
    el(0x00080090, "PN", "Wobblethorpe^Doc"),
    el(0x00081030, "LO", `Follow-up of ${who.name}`),
    el(0x0008103e, "LO", `Series of ${who.name}`),
    el(0x00081140, "SQ", [[el(0x00081155, "UI", `${UID}.5`), el(0x00100010, "PN", who.name)]]),
    el(0x00090010, "LO", "Zebedee Private"),
    el(0x00091001, "UN", new TextEncoder().encode(`${who.name}!`.padEnd(40))),
    el(0x00100010, "PN", who.name),
    ...(person ? [el(0x00100020, "LO", who.id)] : []),
    el(0x00100030, "DA", "19471103"),
    el(0x00104000, "LT", `Called ${who.name}, born 19471103`),
    el(0x00180015, "CS", "QUILLFEATHER"),
    el(0x00181030, "LO", who.name),
    el(0x00185101, "CS", "MARCHBANKS"),
    el(0x0020000d, "UI", `${UID}.1.${study}`),
    el(0x00200010, "SH", "PID-77-4411"),
    el(0x00204000, "LT", who.name),
  ];
}

export interface SliceOptions {
  person: Person | null;
  study: string;
  series: string;
  /** From 1. */
  number: number;
  modality?: string;
  sopClass?: string;
  more?: Spec[];
  photometric?: string;
}

/** Stored value of a pixel: what tests expect to find again. */
export const storedAt = (number: number, pixel: number) => (number * 100 + pixel * 7) % 4096;
/** Columns and rows of every slice. */
export const SIZE = [6, 4] as const;

/** One object of 6 × 4 pixels, 12 bits, with slope 2 and intercept -1000, 2.5 mm from its neighbour. */
export function slice({ person, study, series, number, modality = "CT", sopClass = CT, ...rest }: SliceOptions) {
  const values = Array.from({ length: SIZE[0] * SIZE[1] }, (_, pixel) => storedAt(number, pixel));
  const more = new Map<number, Spec>();
  const elements = [
    el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\QUILLFEATHER"),
    el(0x00080016, "UI", sopClass),
    el(0x00080018, "UI", `${UID}.2.${study}.${series}.${number}`),
    el(0x00080060, "CS", modality),
    ...personal(person, study),
    el(0x0020000e, "UI", `${UID}.3.${study}.${series}`),
    el(0x00200013, "IS", String(number)),
    el(0x00200032, "DS", `-10\\-20\\${30 + 2.5 * number}`),
    el(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
    el(0x00200052, "UI", `${UID}.4.${study}`),
    el(0x00280030, "DS", "0.7\\0.8"),
    el(0x00281052, "DS", "-1000"),
    el(0x00281053, "DS", "2"),
    el(0x00281054, "LO", "ZEBEDEE"),
    ...(rest.more ?? []),
  ];
  for (const element of elements) more.set(element.tag, element);
  const image = imageElements({
    columns: SIZE[0],
    rows: SIZE[1],
    allocated: 16,
    stored: 12,
    photometric: rest.photometric ?? "MONOCHROME2",
    more: [...more.values()],
  });
  return dicomFile([...image, el(0x7fe00010, "OW", packed(values, 2))], { sopClass });
}

/** A radiograph without a place in the patient. */
export function radiograph(person: Person | null, study: string, number: number, photometric = "MONOCHROME2") {
  const gone = [0x00200032, 0x00200037].map((tag) => el(tag, "DS", ""));
  return slice({ person, study, series: "9", number, modality: "DX", sopClass: DX, more: gone, photometric });
}

/** A colour photograph of 6 × 4 pixels. */
function photograph(person: Person, study: string) {
  const image = imageElements({
    columns: SIZE[0],
    rows: SIZE[1],
    samples: 3,
    allocated: 8,
    more: [
      el(0x00080016, "UI", PHOTO),
      el(0x00080018, "UI", `${UID}.2.${study}.77`),
      el(0x00080060, "CS", "XC"),
      ...personal(person, study),
      el(0x0020000e, "UI", `${UID}.3.${study}.77`),
    ],
  });
  const pixels = Uint8Array.from({ length: SIZE[0] * SIZE[1] * 3 }, (_, i) => (i * 11) % 256);
  return dicomFile([...image, el(0x7fe00010, "OB", pixels)], { sopClass: PHOTO });
}

/** A PNG with text beside its pixels, as programs and cameras add it. */
function pngWithText(text: string, level: number): Uint8Array {
  const png = encodePng({ width: 5, height: 4, channels: 1, maxValue: 255, data: new Uint8Array(20).fill(level) });
  const data = new TextEncoder().encode(`Author\0${text}`);
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode("tEXt"), 4);
  chunk.set(data, 8);
  view.setInt32(8 + data.length, CRC32.buf(chunk.subarray(4, 8 + data.length)));
  return Uint8Array.from([...png.subarray(0, 33), ...chunk, ...png.subarray(33)]);
}

const AFFINE = [-2, 0, 0, 5, 0, -1.5, 0, 6, 0, 0, 3, -7, 0, 0, 0, 1] as const;

/** A NIfTI of 3 × 4 × 2 that names somebody in its header. */
export const volume = (first: number, description: string) =>
  writeNifti(
    {
      size: [3, 4, 2],
      data: Int16Array.from({ length: 24 }, (_, i) => first + i),
      affine: AFFINE,
      slope: 0.5,
      intercept: 3,
      description,
    },
    { gzip: true },
  );

/** A mask for `volume`, laid the other way round along columns. */
export const maskOfVolume = () => {
  const mirrored = [2, 0, 0, 5 - 2 * 2, ...AFFINE.slice(4)];
  const data = Uint8Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 4 : 0));
  return writeNifti({ size: [3, 4, 2], data, affine: mirrored, description: "Zebedee's lesion" });
};

/** Writes files below a folder. */
export async function put(root: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** `count` slices of a series, named as archives do, and in an order that is not theirs. */
export function series(
  folder: string,
  count: number,
  options: Omit<SliceOptions, "number">,
): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (let number = 1; number <= count; number++) {
    files[`${folder}/IM_${(number * 7) % 10}${number}`] = slice({ ...options, number });
  }
  return files;
}

/**
 * The whole collection. Scans: two CTs of Zebedee's (two studies, normal), one of Ottoline's (abnormal, cyst), a
 * radiograph of Ottoline's (abnormal, MONOCHROME1), one of Zebedee's in a zip (unlabelled), a photograph (abnormal), two
 * volumes (normal; abnormal with mask), a PNG (normal). Left out: a localizer, two screen captures, a report, a text, a
 * cut-off file, a copy.
 */
export async function putCollection(root: string): Promise<void> {
  const localizer = [el(0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER")];
  const captured = "1.2.840.10008.5.1.4.1.1.7";
  const burned = [el(0x00280301, "CS", "YES")];
  const first = { person: ZEBEDEE, study: "1", series: "1" };
  const report = dicomFile(
    [el(0x00080018, "UI", `${UID}.2.8`), el(0x00080060, "CS", "SR"), el(0x00100010, "PN", ZEBEDEE.name)],
    { sopClass: "1.2.840.10008.5.1.4.1.1.88.11" },
  );
  await put(root, {
    ...series("normal/Quillfeather_Zebedee/19471103", 5, first),
    ...series("normal/Quillfeather_Zebedee/followup", 4, { person: ZEBEDEE, study: "2", series: "1" }),
    ...series("abnormal/cyst/marchbanks", 3, { person: OTTOLINE, study: "3", series: "1" }),
    "abnormal/Ottoline/radiograph.dcm": radiograph(OTTOLINE, "4", 1, "MONOCHROME1"),
    "abnormal/cyst/ottoline-photo.dcm": photograph(OTTOLINE, "5"),
    "Quillfeather.zip": zipSync({
      "Quillfeather/PID-77-4411.dcm": radiograph(ZEBEDEE, "6", 1),
      "__MACOSX/Quillfeather/._PID-77-4411.dcm": new Uint8Array(9),
    }),
    "normal/Zebedee.nii.gz": volume(-5, "Zebedee Quillfeather, born 19471103"),
    "abnormal/cyst/ottoline brain.nii.gz": volume(40, "Ottoline Marchbanks"),
    "masks/cyst/ottoline brain.nii": maskOfVolume(),
    "normal/quillfeather.png": pngWithText("Quillfeather, Zebedee (PID-77-4411)", 9),
    "normal/Quillfeather_Zebedee/scout": slice({ ...first, series: "2", number: 1, more: localizer }),
    "normal/Quillfeather_Zebedee/screen": slice({
      ...first,
      series: "3",
      number: 1,
      modality: "OT",
      sopClass: captured,
    }),
    "normal/Quillfeather_Zebedee/burned": slice({ ...first, series: "4", number: 1, more: burned }),
    "normal/Quillfeather_Zebedee/report": report,
    "normal/Quillfeather_Zebedee/zz-again": slice({ ...first, number: 2 }),
    "normal/Quillfeather_Zebedee/cut": slice({ ...first, series: "5", number: 1 }).subarray(0, -20),
    "Letter to Quillfeather.txt": "Dear Zebedee",
  });
}

/** All files below a folder with their bytes, by relative path. */
export async function filesOf(root: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(root.length + 1), await readFile(path));
  }
  return files;
}

/** The planted strings that bytes hold: plainly, in UTF-16, packed by gzip or in the chunks of a PNG, in any case. */
export function plantedIn(bytes: Buffer | string): string[] {
  const whole = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  const parts = [whole];
  if (whole[0] === 0x1f && whole[1] === 0x8b) parts.push(gunzipSync(whole));
  if (whole.subarray(1, 4).toString("latin1") === "PNG") {
    for (let at = 8; at < whole.length; at += 12 + whole.readUInt32BE(at)) {
      const type = whole.toString("latin1", at + 4, at + 8);
      if (type === "IDAT") parts.push(inflateSync(whole.subarray(at + 8, at + 8 + whole.readUInt32BE(at))));
    }
  }
  const found = new Set<string>();
  for (const part of parts) {
    const text = part.toString("latin1").toLowerCase();
    for (const word of PLANTED) {
      const little = Buffer.from(word, "utf16le");
      const codings = [Buffer.from(word, "utf8"), Buffer.from(word, "latin1"), little, Buffer.from(little).swap16()];
      if (codings.some((coding) => text.includes(coding.toString("latin1").toLowerCase()))) found.add(word);
    }
  }
  return [...found];
}
