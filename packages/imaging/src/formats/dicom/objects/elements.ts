/**
 * @file Elements of a parsed file as attributes by keyword, clean enough to be written again: text in Unicode, values of
 * the form and length that their representation allows (PS3.5 table 6.2-1), and no private elements. The reader's own
 * data set is asked, not dcmjs, of which only the dictionary is used: it takes text inside sequences for Latin-1.
 */
import dcmjs from "dcmjs";
import { decodeText } from "../charset.ts";
import type { DataSet } from "../dataset.ts";
import type { Element } from "../walk.ts";
import type { Attributes } from "./write.ts";

const { dictionary } = dcmjs.data.DicomMetaDictionary;

/** Most characters of a value; person names have it for each of their three groups. */
const LENGTHS: Record<string, number> = { LO: 64, SH: 16, PN: 64, ST: 1024, LT: 10240, AE: 16 };
const FORMS: Record<string, RegExp> = {
  AS: /^\d{3}[DWMY]$/,
  CS: /^[A-Z0-9_ ]{1,16}$/,
  DA: /^\d{8}$/,
  DS: /^[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?$/i,
  DT: /^\d{4,14}(\.\d{1,6})?([+-]\d{4})?$/,
  IS: /^[+-]?\d{1,11}$/,
  TM: /^\d{2}(\d{2}([0-6]\d(\.\d{1,6})?)?)?$/,
  UI: /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/,
};
const CHARACTER_SET = 0x00080005;
/** Of one value, however many backslashes it holds. */
const UNDIVIDED = new Set(["ST", "LT", "UT", "UR"]);
const NUMBERS: Record<
  string,
  { bytes: number; read: "getUint16" | "getInt16" | "getUint32" | "getInt32" | "getFloat32" | "getFloat64" }
> = {
  US: { bytes: 2, read: "getUint16" },
  SS: { bytes: 2, read: "getInt16" },
  UL: { bytes: 4, read: "getUint32" },
  SL: { bytes: 4, read: "getInt32" },
  FL: { bytes: 4, read: "getFloat32" },
  FD: { bytes: 8, read: "getFloat64" },
};

/** What the dictionary says of an attribute. */
export interface DictionaryEntry {
  vr: string;
  name: string;
  vm: string;
}

/** 0x00100010 to the dictionary's row. */
export function entryOf(tag: number): DictionaryEntry | undefined {
  const digits = tag.toString(16).toUpperCase().padStart(8, "0");
  return dictionary[`(${digits.slice(0, 4)},${digits.slice(4)})`];
}

/** A value in the form of its representation; null when it cannot have it. */
export function cleanValue(vr: string, raw: string): string | null {
  let text = raw.replaceAll("\0", "");
  text = UNDIVIDED.has(vr) ? text.trimEnd() : text.trim();
  // ACR-NEMA's separators, of before 1993.
  if (vr === "DA") text = text.replace(/^(\d{4})\.(\d{2})\.(\d{2})$/, "$1$2$3");
  if (vr === "TM") text = text.replace(/^(\d{2}):(\d{2}):(\d{2})/, "$1$2$3");
  if (vr === "DS" && text.length > 16) text = String(Number(Number(text).toPrecision(9)));
  if (text === "") return "";
  if (vr === "UI" && text.length > 64) return null;
  if (FORMS[vr]) return FORMS[vr].test(text) ? text : null;
  const most = LENGTHS[vr];
  // Control characters mean nothing but for line ends, tabs and form feeds in long texts.
  text = text.replace(UNDIVIDED.has(vr) ? /(?![\t\n\f\r])\p{Cc}/gu : /\p{Cc}/gu, "");
  if (vr === "PN")
    return text
      .split("=")
      .slice(0, 3)
      .map((group) => [...group].slice(0, most).join(""))
      .join("=");
  return most ? [...text].slice(0, most).join("") : text;
}

function textOf(bytes: Uint8Array, vr: string, many: boolean, charset: readonly string[]): unknown {
  const coded = ["LO", "SH", "PN", "ST", "LT", "UT", "UC"].includes(vr);
  const text = decodeText(bytes, coded ? charset : []);
  const values = (UNDIVIDED.has(vr) ? [text] : text.split("\\")).map((value) => cleanValue(vr, value));
  const kept = values.some((value) => value === null) ? [] : many ? values : values.slice(0, 1);
  return kept.length === 1 ? kept[0] || null : kept.length === 0 || kept.every((value) => value === "") ? null : kept;
}

function numbersOf(bytes: Uint8Array, vr: string, littleEndian: boolean): unknown {
  const { bytes: width, read } = NUMBERS[vr];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Array.from({ length: Math.floor(bytes.length / width) }, (_, i) =>
    view[read](i * width, littleEndian),
  );
  return values.length === 0 ? null : values.length === 1 ? values[0] : values;
}

/** Terms of Specific Character Set; `outer` where the data set, an item perhaps, has none of its own. */
export function charsetOf(data: DataSet, outer: readonly string[] = []): readonly string[] {
  return data.element(CHARACTER_SET) ? data.strings(CHARACTER_SET) : outer;
}

/**
 * Value of an element by its keyword's representation: text, number, list, or items with their known, public elements.
 * Undefined for what is not carried (bulk data, private and unknown elements), null when empty or malformed.
 */
export function elementValue(data: DataSet, element: Element, charset: readonly string[]): unknown {
  const entry = entryOf(element.tag);
  if (!entry) return undefined;
  const { vr, vm } = entry;
  if (element.items || vr === "SQ") return data.items(element.tag).map((item) => attributesOf(item, charset));
  const bytes = data.bytes(element.tag)!;
  if (NUMBERS[vr]) return numbersOf(bytes, vr, element.coding.littleEndian);
  if (FORMS[vr] || LENGTHS[vr] || vr === "UT" || vr === "UC") return textOf(bytes, vr, vm !== "1", charset);
  return undefined;
}

/** Known, public elements by keyword. A coded item without code, scheme and meaning is not one, and is left out. */
export function attributesOf(data: DataSet, outer: readonly string[] = []): Attributes {
  const charset = charsetOf(data, outer);
  const attributes: Attributes = {};
  for (const element of data.elements.values()) {
    const entry = entryOf(element.tag);
    if (!entry || element.tag === CHARACTER_SET || (element.tag >>> 16) % 2 === 1) continue;
    const value = elementValue(data, element, charset);
    if (value !== undefined) attributes[entry.name] = value;
  }
  for (const [keyword, items] of Object.entries(attributes)) {
    if (!keyword.endsWith("CodeSequence") || !Array.isArray(items)) continue;
    const whole = items.filter(
      (item) => (item.CodeValue || item.LongCodeValue || item.URNCodeValue) && item.CodeMeaning,
    );
    if (whole.length > 0) attributes[keyword] = whole;
    else delete attributes[keyword];
  }
  return attributes;
}
