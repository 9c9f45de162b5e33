/**
 * @file What stored values mean and how they are meant to be seen: rescale and Modality LUT (PS3.3, C.11.1), dose
 * scaling (C.8.8.3), windows and VOI LUT (C.11.2), shared or frame by frame.
 */
import { IDENTITY } from "../../volumes/modality.ts";
import type { ModalityTransform, VoiTransform } from "../../volumes/scan.ts";
import { isWindow } from "../../volumes/voi.ts";
import type { DataSet } from "./dataset.ts";
import { type FrameGroups, MACRO } from "./functional.ts";
import type { PixelFormat } from "./pixels.ts";
import { damaged } from "./refuse.ts";

/** Slopes nearer to 0, or further from it, turn real images into nothing or into infinities. */
const LEAST_SLOPE = 1e-20;
const MOST = 1e20;

/** One transform for all frames, or one a frame. Grey only. Throws for a slope or intercept that means nothing. */
export function modalityTransforms(groups: FrameGroups, format: PixelFormat, name: string): ModalityTransform[] {
  const one = (frame: number) => modalityOf(groups, frame, format, name);
  return groups.isShared(MACRO.pixelValueTransformation) && groups.isShared(MACRO.realWorldValue)
    ? [one(0)]
    : Array.from({ length: format.frames }, (_, frame) => one(frame));
}

function modalityOf(groups: FrameGroups, frame: number, format: PixelFormat, name: string): ModalityTransform {
  const sequence = groups.top.item(0x00283000);
  if (sequence && !format.float) {
    const lut = readLut(sequence, format.signed, name);
    if (lut) return { kind: "table", first: lut.first, table: lut.table };
  }
  const source = groups.macroOrTop(MACRO.pixelValueTransformation, frame);
  const dose = groups.top.number(0x3004000e);
  if (source.has(0x00281053) || source.has(0x00281052)) {
    return linear(source.number(0x00281053) ?? 1, source.number(0x00281052) ?? 0, name);
  }
  if (dose !== null) return linear(dose, 0, name);
  // Parametric maps keep their scale as a real-world value mapping (C.7.6.16.2.11).
  const mapping = format.float ? groups.macro(MACRO.realWorldValue, frame) : null;
  const slope = mapping?.doubles(0x00409225)?.[0];
  return slope === undefined ? IDENTITY : linear(slope, mapping?.doubles(0x00409224)?.[0] ?? 0, name);
}

function linear(slope: number, intercept: number, name: string): ModalityTransform {
  const size = Math.abs(slope);
  if (!(size >= LEAST_SLOPE && size <= MOST)) throw damaged(name, `its rescale slope is ${slope}`);
  if (!(Math.abs(intercept) <= MOST)) throw damaged(name, `its rescale intercept is ${intercept}`);
  return { kind: "linear", slope, intercept };
}

/** Unit after the modality transform: what the file says, and Hounsfield units where it is a CT that says nothing. */
export function unitOf(groups: FrameGroups, modality: string | null): string | null {
  const source = groups.macroOrTop(MACRO.pixelValueTransformation, 0);
  const lut = groups.top.item(0x00283000);
  const type = lut?.string(0x00283004) ?? source.string(0x00281054) ?? groups.top.string(0x00281054);
  if (type !== null && type !== "US") return type.slice(0, 16);
  if (groups.top.has(0x3004000e)) return groups.top.string(0x30040002)?.slice(0, 16) ?? null;
  const units = groups.top.string(0x00541001);
  if (units !== null) return units.slice(0, 16);
  const code = groups.macro(MACRO.realWorldValue, 0)?.item(0x004008ea)?.string(0x00080100);
  if (code) return code.slice(0, 16);
  // C.8.2.1.1.2: original CT images are in Hounsfield units.
  return modality === "CT" && type === null && source.has(0x00281053) ? "HU" : null;
}

/** The first window or VOI LUT of all frames or of each; [] where the file has none or none that can be used. */
export function voiTransforms(groups: FrameGroups, format: PixelFormat, notes: string[], name: string): VoiTransform[] {
  if (format.samples !== 1 || format.photometric === "PALETTE COLOR") return [];
  if (groups.isShared(MACRO.frameVoi)) {
    const voi = voiOf(groups, 0, format, notes, name);
    return voi ? [voi] : [];
  }
  const all = Array.from({ length: format.frames }, (_, frame) => voiOf(groups, frame, format, notes, name));
  return all.every((voi) => voi !== null) ? (all as VoiTransform[]) : [];
}

function voiOf(
  groups: FrameGroups,
  frame: number,
  format: PixelFormat,
  notes: string[],
  name: string,
): VoiTransform | null {
  const source = groups.macroOrTop(MACRO.frameVoi, frame);
  const center = source.number(0x00281050);
  const width = source.number(0x00281051);
  if (center !== null && width !== null) {
    const named = source.string(0x00281056) ?? "LINEAR";
    const shape = named === "SIGMOID" ? "sigmoid" : named === "LINEAR_EXACT" ? "linear-exact" : "linear";
    if (isWindow(shape, center, width)) return { kind: "window", shape, center, width };
    const note = "its window cannot be used: the width or centre is out of range";
    if (!notes.includes(note)) notes.push(note);
  }
  const sequence = source.item(0x00283010);
  if (!sequence) return null;
  // C.11.2.1.1: the first mapped value has the sign of what goes in: values after the frame's own transform. What
  // comes out of a Modality LUT is never negative.
  const modality = modalityOf(groups, frame, format, name);
  const signed = modality.kind === "linear" && (format.signed || modality.intercept < 0);
  const lut = readLut(sequence, signed, name);
  return lut && { kind: "table", first: lut.first, table: lut.table, maximum: 2 ** lut.bits - 1 };
}

/** LUT Descriptor and LUT Data (C.11.1.1, C.11.2.1.1): entries (0 means 65536), first mapped value, bits. */
function readLut(
  item: DataSet,
  signed: boolean,
  name: string,
): { first: number; bits: number; table: Uint16Array } | null {
  const descriptor = item.words(0x00283002);
  if (!descriptor) return null;
  if (descriptor.length < 3) throw damaged(name, "a lookup table has half a descriptor");
  const count = descriptor[0] || 65536;
  const first = signed ? (descriptor[1] << 16) >> 16 : descriptor[1];
  const bits = descriptor[2];
  if (bits < 1 || bits > 16) throw damaged(name, `a lookup table declares ${bits} bits`);
  const bytes = item.bytes(0x00283006) ?? new Uint8Array(0);
  if (bytes.length >= 2 * count) {
    const table = (item.words(0x00283006) as Uint16Array).slice(0, count);
    const most = 2 ** bits - 1;
    return { first, bits, table: table.map((entry) => Math.min(entry, most)) };
  }
  if (bits === 8 && bytes.length >= count) return { first, bits, table: Uint16Array.from(bytes.subarray(0, count)) };
  throw damaged(name, `a lookup table holds ${bytes.length} bytes for ${count} entries`);
}
