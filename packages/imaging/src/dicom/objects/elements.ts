/**
 * @file Elements of a parsed file as attributes by keyword, clean enough to be written again: text in Unicode, values of
 * the form and length that their representation allows (PS3.5 table 6.2-1), and no private elements. dicom-parser reads,
 * because it hands over raw bytes: dcmjs takes text inside sequences for Latin-1, whatever the character set.
 */
import dcmjs from "dcmjs";
import type { DataSet, Element } from "dicom-parser";
import { decodeText } from "./charset.ts";
import type { Attributes } from "./write.ts";

const { dictionary } = dcmjs.data.DicomMetaDictionary;

/** Deepest nesting of sequences. */
const MAX_DEPTH = 64;
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
/** Of one value, however many backslashes it holds. */
const UNDIVIDED = new Set(["ST", "LT", "UT", "UR"]);
const NUMBERS: Record<
  string,
  { bytes: number; read: "readUint16" | "readInt16" | "readUint32" | "readInt32" | "readFloat" | "readDouble" }
> = {
  US: { bytes: 2, read: "readUint16" },
  SS: { bytes: 2, read: "readInt16" },
  UL: { bytes: 4, read: "readUint32" },
  SL: { bytes: 4, read: "readInt32" },
  FL: { bytes: 4, read: "readFloat" },
  FD: { bytes: 8, read: "readDouble" },
};

/** "x00100010" to the dictionary's row. */
export function entryOf(tag: string) {
  return dictionary[`(${tag.slice(1, 5)},${tag.slice(5, 9)})`.toUpperCase()];
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

function textOf(dataSet: DataSet, element: Element, vr: string, many: boolean, charset: readonly string[]): unknown {
  const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  const coded = ["LO", "SH", "PN", "ST", "LT", "UT", "UC"].includes(vr);
  const text = decodeText(bytes, coded ? charset : []);
  const values = (UNDIVIDED.has(vr) ? [text] : text.split("\\")).map((value) => cleanValue(vr, value));
  const kept = values.some((value) => value === null) ? [] : many ? values : values.slice(0, 1);
  return kept.length === 1 ? kept[0] || null : kept.length === 0 || kept.every((value) => value === "") ? null : kept;
}

function numbersOf(dataSet: DataSet, element: Element, vr: string): unknown {
  const { bytes, read } = NUMBERS[vr];
  const parser = element.parser ?? dataSet.byteArrayParser;
  const values: number[] = [];
  for (let at = 0; at + bytes <= element.length; at += bytes)
    values.push(parser[read](dataSet.byteArray, element.dataOffset + at));
  return values.length === 0 ? null : values.length === 1 ? values[0] : values;
}

/** Terms of Specific Character Set; `outer` where the data set, an item perhaps, has none of its own. */
export function charsetOf(dataSet: DataSet, outer: readonly string[] = []): readonly string[] {
  const text = dataSet.elements.x00080005 ? (dataSet.string("x00080005") ?? "") : null;
  return text === null ? outer : text.split("\\");
}

/**
 * Value of an element by its keyword's representation: text, number, list, or items with their known, public elements.
 * Undefined for what is not carried (bulk data, private and unknown elements), null when empty or malformed.
 */
export function elementValue(dataSet: DataSet, element: Element, charset: readonly string[], depth = 0): unknown {
  const entry = entryOf(element.tag);
  if (!entry) return undefined;
  if (element.items || entry.vr === "SQ") {
    return (element.items ?? []).flatMap((item) =>
      item.dataSet ? [attributesOf(item.dataSet, charset, depth + 1)] : [],
    );
  }
  const vr = entry.vr;
  if (NUMBERS[vr]) return numbersOf(dataSet, element, vr);
  if (FORMS[vr] || LENGTHS[vr] || vr === "UT" || vr === "UC") {
    return textOf(dataSet, element, vr, entry.vm !== "1", charset);
  }
  return undefined;
}

/** Known, public elements by keyword. A coded item without code, scheme and meaning is not one, and is left out. */
export function attributesOf(dataSet: DataSet, outer: readonly string[] = [], depth = 0): Attributes {
  if (depth > MAX_DEPTH) throw new Error(`its sequences nest deeper than ${MAX_DEPTH}`);
  const charset = charsetOf(dataSet, outer);
  const attributes: Attributes = {};
  for (const element of Object.values(dataSet.elements)) {
    const entry = entryOf(element.tag);
    if (!entry || element.tag === "x00080005" || Number.parseInt(element.tag.slice(1, 5), 16) % 2 === 1) continue;
    const value = elementValue(dataSet, element, charset, depth);
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
