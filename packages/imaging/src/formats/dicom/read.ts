/**
 * @file From a DICOM file to a scan: structure, checks, frames, colour, meaning, place. The order keeps every budget
 * before the memory it guards.
 */

import { IDENTITY } from "../../volumes/modality.ts";
import { isPadding, type Padding } from "../../volumes/padding.ts";
import { rangeOf as rangeOfSamples } from "../../volumes/samples.ts";
import type { Samples, Scan } from "../../volumes/scan.ts";
import { decodeFrame } from "./codecs.ts";
import { readCodeStream } from "./codestream.ts";
import { applyPalette, spread422, ybrFullToRgb, ybrPartialToRgb } from "./colour.ts";
import type { DataSet } from "./dataset.ts";
import { type DicomFile, readFile } from "./file.ts";
import { encodedFrames } from "./frames.ts";
import { FrameGroups, MACRO } from "./functional.ts";
import { stackOf } from "./geometry.ts";
import { type DicomInstance, isNearSpacing, readInstance } from "./instance.ts";
import { clampToStored, emptySamples, interleave, keepStoredBits, readNative } from "./native.ts";
import { type PixelFormat, paddingOf, pixelFormat } from "./pixels.ts";
import { DICOM_LIMITS, type DicomLimits, damaged, refusalOf, tooBig, unreadable } from "./refuse.ts";
import { decodeRle } from "./rle.ts";
import { modalityTransforms, unitOf, voiTransforms } from "./transforms.ts";

export interface DicomObject {
  /** Frames in the file's own order. */
  scan: Scan;
  instance: DicomInstance;
  /** [frames,] rows, columns[, 3] of the decoded samples: frames where there are several, 3 where they are colour. */
  shape: number[];
  /**
   * Samples as they are coded, before a palette or YBR becomes RGB, in the type of the file; the very array of
   * `scan.stored` where there is no such step.
   */
  coded: Samples;
  photometric: string;
  /** UID. */
  transferSyntax: string;
  /** Sentences for people: what is odd, or was assumed. No patient data. */
  notes: string[];
}

/**
 * Reads one DICOM object with pixels. `name` is used in errors only. Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or
 * IMAGE_TOO_LARGE, and FILE_NOT_FOUND when the codecs are not there; nothing else, for whatever bytes it is given.
 */
export async function readDicom(
  bytes: Uint8Array,
  name: string,
  limits: DicomLimits = DICOM_LIMITS,
): Promise<DicomObject> {
  try {
    const file = readFile(bytes, name, limits);
    return await readObject(file, file.data.source, name, limits);
  } catch (error) {
    throw refusalOf(name, error);
  }
}

async function readObject(file: DicomFile, bytes: Uint8Array, name: string, limits: DicomLimits): Promise<DicomObject> {
  const { data, meta, syntax } = file;
  const format = pixelFormat(data, name, limits);
  if (syntax.pixels === null) throw unreadable(name, `${syntax.name}: ${syntax.refused}`);
  const notes: string[] = [];
  const groups = new FrameGroups(data);
  const instance = readInstance(data, meta, groups, format, notes, name);
  const isGrey = format.samples === 1 && format.photometric !== "PALETTE COLOR";
  // Transforms come before pixels: a file that is refused for them is refused at once.
  const modality = isGrey ? modalityTransforms(groups, format, name) : [IDENTITY];
  const voi = voiTransforms(groups, format, notes, name);
  const { coded, ybr } = await readSamples(file, bytes, format, name);
  const stored = toGreyOrRgb(coded, ybr, data, format, name);
  const [{ spacing: first }] = instance.frames;
  const sameSpacing = instance.frames.every(({ spacing }) => isNearSpacing(spacing, first));
  // Frames that differ have none in common: the series divides them.
  const [across, down] = sameSpacing ? first : [null, null];
  const sameOrientation = instance.frames.every((frame) => isSame(frame.orientation, instance.orientation));
  const between = groups.macroOrTop(MACRO.pixelMeasures, 0).number(0x00180088);
  const thickness = between !== null && between > 0 && between < 1e6 ? between : instance.sliceThickness;
  const padding = paddingOf(data, format);
  const stack = stackOf(
    instance.frames.map((frame) => frame.position),
    sameOrientation ? instance.orientation : null,
    across,
    down,
    thickness,
  );
  const shape = [format.rows, format.columns];
  if (format.frames > 1) shape.unshift(format.frames);
  if (format.samples === 3) shape.push(3);
  return {
    scan: {
      format: "dicom",
      size: [format.columns, format.rows, format.frames],
      channels: isGrey ? 1 : 3,
      stored,
      range: rangeOf(stored, format, padding),
      ...(padding && { padding: [padding] }),
      modality,
      unit: isGrey ? unitOf(groups, instance.modality) : null,
      voi,
      whiteIsLow: format.photometric === "MONOCHROME1",
      affine: stack.affine,
      spacing: [across, down, stack.step],
      ...(stack.reason !== null && { unplaced: stack.reason }),
      ...(instance.pixelAspect && { pixelAspect: instance.pixelAspect[0] / instance.pixelAspect[1] }),
    },
    instance,
    shape,
    coded,
    photometric: format.photometric,
    transferSyntax: syntax.uid,
    notes,
  };
}

/** Decoded samples, and whether they are YBR. */
async function readSamples(
  file: DicomFile,
  bytes: Uint8Array,
  format: PixelFormat,
  name: string,
): Promise<{ coded: Samples; ybr: "full" | "partial" | null }> {
  const { data, syntax } = file;
  const declared = format.photometric.startsWith("YBR_FULL")
    ? "full"
    : format.photometric === "YBR_PARTIAL_422"
      ? "partial"
      : null;
  if (syntax.pixels === "native") {
    if (format.element.fragments) throw damaged(name, "its pixel data are compressed, and its transfer syntax is not");
    if (format.photometric === "YBR_ICT" || format.photometric === "YBR_RCT") {
      throw damaged(name, `its photometric interpretation is ${format.photometric} without JPEG 2000`);
    }
    return { coded: readNativeColour(bytes, format, name), ybr: declared };
  }
  if (format.float) throw damaged(name, "floats cannot be compressed");
  const frames = encodedFrames(bytes, data, format, name);
  const perFrame = format.rows * format.columns * format.samples;
  const headers = syntax.pixels === "rle" ? [] : frames.map((frame) => readCodeStream(frame, format, name));
  for (const header of headers) {
    const family = header.kind === "ht-jpeg-2000" ? "jpeg-2000" : header.kind;
    if (family !== syntax.pixels)
      throw damaged(name, `its transfer syntax is ${syntax.name}, and its frames are ${family}`);
  }
  for (const [i, header] of headers.entries()) checkRatio(frames[i], perFrame * (header.precision <= 8 ? 1 : 2), name);
  const coded = emptySamples(format, perFrame * format.frames);
  for (const [i, frame] of frames.entries()) {
    const header = headers[i];
    const width = header ? (header.precision <= 8 ? 1 : 2) : Math.max(1, format.allocated / 8);
    if (!header && format.allocated === 1) throw unreadable(name, "its RLE samples have one bit");
    const decoded = header
      ? await decodeFrame(frame, header, format, name)
      : decodeRle(frame, format.rows * format.columns, format.samples, width, name);
    const target = coded.subarray(i * perFrame, (i + 1) * perFrame);
    copyLittleEndian(decoded, width, target);
    if (header?.planar) target.set(interleave(target, { ...format, frames: 1 }) as never);
  }
  const precision = headers[0]?.precision ?? format.stored;
  const swings = syntax.lossy && precision > format.stored && (precision > 8 || !format.signed);
  (swings ? clampToStored : keepStoredBits)(coded, format);
  // All frames of a file are coded alike; the first tells whether its markers overrule the photometric interpretation.
  const ycc = headers[0]?.ycc ?? null;
  const isColour = format.samples === 3;
  return { coded, ybr: !isColour || ycc === false ? null : ycc === true ? "full" : declared };
}

/** Decoded bytes of a frame for which no ratio is asked. */
const FREE_FRAME_BYTES = 64 * 1024 * 1024;
/** Most decoded bytes for each encoded one, beyond that. JPEG ends at 512:1; flat pictures of the others go further. */
const MOST_FRAME_RATIO = 2000;

/** Refuses a frame that claims to be huge and holds next to nothing: OpenJPH would make up all of it, in many seconds. */
function checkRatio(frame: Uint8Array, decodedBytes: number, name: string): void {
  if (decodedBytes > FREE_FRAME_BYTES && decodedBytes > MOST_FRAME_RATIO * frame.length)
    throw tooBig(name, `a frame of ${frame.length} bytes claims to hold ${decodedBytes}`);
}

function readNativeColour(bytes: Uint8Array, format: PixelFormat, name: string): Samples {
  const pixels = format.rows * format.columns * format.frames;
  const { element } = format;
  const halved = format.photometric.endsWith("422") && format.allocated === 8 && element.length < 3 * pixels;
  if (!halved) return readNative(bytes, format, name);
  // Rows of an odd length, which the standard does not allow, are written with a last pair of which one pixel is no one's.
  const rows = format.rows * format.frames;
  const coded = 4 * Math.ceil(format.columns / 2) * rows;
  if (element.length < coded) {
    throw damaged(name, `its pixel data are cut off: ${element.length} of ${coded} bytes are there`);
  }
  return spread422(bytes.subarray(element.offset, element.offset + element.length), format.columns, rows);
}

function copyLittleEndian(decoded: Uint8Array, width: number, target: Samples): void {
  if (width === 1) {
    for (let i = 0; i < target.length; i++) target[i] = decoded[i];
    return;
  }
  const view = new DataView(decoded.buffer, decoded.byteOffset, decoded.byteLength);
  if (width === 2) for (let i = 0; i < target.length; i++) target[i] = view.getUint16(2 * i, true);
  else for (let i = 0; i < target.length; i++) target[i] = view.getUint32(4 * i, true);
}

function toGreyOrRgb(
  coded: Samples,
  ybr: "full" | "partial" | null,
  data: DataSet,
  format: PixelFormat,
  name: string,
): Samples {
  if (format.photometric === "PALETTE COLOR") return applyPalette(coded, data, format, name);
  if (ybr === null) return coded;
  if (format.signed) throw damaged(name, "its YBR samples are signed");
  const rgb = coded.slice() as Uint8Array | Uint16Array;
  (ybr === "full" ? ybrFullToRgb : ybrPartialToRgb)(rgb, 2 ** format.stored - 1);
  return rgb;
}

/** Of the type; of the data where they are floats. Colours may be signed too: their least value is the darkest. */
function rangeOf(stored: Samples, format: PixelFormat, padding: Padding | null): readonly [number, number] {
  if (format.photometric === "PALETTE COLOR") return [0, stored instanceof Uint8Array ? 255 : 65535];
  if (format.float) {
    const values = stored as Float32Array | Float64Array;
    return rangeOfSamples(padding ? values.filter((value) => !isPadding(padding, value)) : values);
  }
  if (!format.signed) return [0, 2 ** format.stored - 1];
  return [-(2 ** (format.stored - 1)), 2 ** (format.stored - 1) - 1];
}

function isSame(a: DicomInstance["orientation"], b: DicomInstance["orientation"]): boolean {
  if (a === null || b === null) return a === b;
  return [...a.row, ...a.column].every((value, i) => Math.abs(value - [...b.row, ...b.column][i]) < 1e-3);
}
