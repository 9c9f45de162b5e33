/**
 * @file The text header of an NRRD (teem.sourceforge.net/nrrd/format.html, NRRD0001 to NRRD0005): the fields that decide
 * about samples and their place. Comments, key/value pairs and free text (content, labels) may name a patient and are not
 * read.
 */
import { corrupt, unsupported } from "../../raster/limits.ts";
import { numbersIn, readLines } from "../../volumes/plain-text.ts";
import type { SampleType } from "../../volumes/samples.ts";
import { beginsLikeNrrd } from "./magic.ts";

export interface NrrdHeader {
  /** Fastest axis first. */
  sizes: number[];
  type: SampleType;
  encoding: "raw" | "gzip" | "ascii";
  littleEndian: boolean;
  /** Null where samples follow the header. */
  dataFile: string | null;
  lineSkip: number;
  /** -1 = the samples are the last bytes of the file. */
  byteSkip: number;
  /** Signs that turn the file's first, second and third patient axis into Left, Posterior, Superior; null = no patient. */
  toLps: readonly [number, number, number] | null;
  /** One an axis; null for an axis that lies in no space ("none"). Null where the field is missing. */
  directions: (number[] | null)[] | null;
  origin: number[] | null;
  /** One an axis, where given; NaN for axes without. */
  spacings: number[] | null;
  /** One an axis, lower case; empty where the field is missing. */
  kinds: string[];
  /** Millimetres of one unit of space. */
  millimetres: number;
  /** First byte after the header. */
  end: number;
}

const TYPE_NAMES: Record<SampleType, string[]> = {
  int8: ["signed char", "int8", "int8_t"],
  uint8: ["uchar", "unsigned char", "uint8", "uint8_t"],
  int16: ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
  uint16: ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
  int32: ["int", "signed int", "int32", "int32_t"],
  uint32: ["uint", "unsigned int", "uint32", "uint32_t"],
  int64: ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
  uint64: ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"],
  float32: ["float"],
  float64: ["double"],
};
const TYPES = new Map(Object.entries(TYPE_NAMES).flatMap(([type, names]) => names.map((n) => [n, type as SampleType])));
const ENCODINGS = { raw: "raw", gz: "gzip", gzip: "gzip", txt: "ascii", text: "ascii", ascii: "ascii" } as const;
const UNITS: Record<string, number> = { m: 1000, cm: 10, mm: 1, um: 0.001, "\u00b5m": 0.001 };
const SAVE = "Save it with raw or gzip encoding.";

/** Reads the header; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE. Sizes are whole and at least 1. */
export function parseNrrdHeader(bytes: Uint8Array, name: string): NrrdHeader {
  if (!beginsLikeNrrd(bytes)) throw unsupported(name, "it does not begin like an NRRD", "Give an NRRD file.");
  const lines = readLines(bytes, (line) => line === "", name);
  const fields = fieldsOf(lines, name);
  const need = (field: string) => {
    const value = fields.get(field);
    if (value === undefined) throw corrupt(name, `its header has no ${field}`);
    return value;
  };
  const [dimension] = numbersIn(need("dimension"), 1, "dimension", name);
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 16)
    throw corrupt(name, `its dimension is ${dimension}`);
  const sizes = numbersIn(need("sizes"), dimension, "sizes", name);
  const typeName = need("type").toLowerCase();
  const type = TYPES.get(typeName);
  if (!type) throw unsupported(name, "its sample type is not read", "Save it with integers or 32- or 64-bit floats.");
  const encodingName = need("encoding").toLowerCase();
  const encoding = ENCODINGS[encodingName as keyof typeof ENCODINGS];
  if (!encoding) {
    const known = /^(bz2|bzip2|hex)$/.test(encodingName);
    throw unsupported(name, known ? `its encoding is ${encodingName}` : "its encoding is not known", SAVE);
  }
  const directions = fields.has("space directions") ? vectorsIn(need("space directions"), dimension, name) : null;
  const dataFile = fields.get("data file") ?? fields.get("datafile") ?? null;
  if (dataFile === null && lines.at(-1) !== "") throw corrupt(name, "its header does not end");
  return {
    sizes,
    type,
    encoding,
    littleEndian: endianOf(fields.get("endian"), encoding, type, name),
    dataFile,
    lineSkip: skipOf(fields.get("line skip") ?? fields.get("lineskip"), 0, name),
    byteSkip: skipOf(fields.get("byte skip") ?? fields.get("byteskip"), -1, name),
    toLps: spaceOf(fields.get("space"), name),
    directions,
    origin: fields.has("space origin") ? vectorIn(need("space origin"), name) : null,
    spacings: fields.has("spacings") ? spacingsIn(need("spacings"), dimension, name) : null,
    kinds: fields.get("kinds")?.toLowerCase().split(/\s+/) ?? [],
    millimetres: UNITS[/"([^"]*)"/.exec(fields.get("space units") ?? "")?.[1] ?? "mm"] ?? 1,
    end: lines.end,
  };
}

/** "field: value" lines; a field said twice is damage. */
function fieldsOf(lines: string[], name: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines.slice(1)) {
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw corrupt(name, "a line of its header is no field");
    if (line[colon + 1] === "=") continue;
    const field = line.slice(0, colon).trim().toLowerCase();
    if (fields.has(field)) throw corrupt(name, "its header says one thing twice");
    fields.set(field, line.slice(colon + 1).trim());
  }
  return fields;
}

function endianOf(value: string | undefined, encoding: string, type: SampleType, name: string): boolean {
  if (value === "little" || value === "big") return value === "little";
  if (encoding === "ascii" || type === "int8" || type === "uint8") return true;
  throw corrupt(name, "its header does not say the byte order");
}

function skipOf(value: string | undefined, least: number, name: string): number {
  if (value === undefined) return 0;
  const [skip] = numbersIn(value, 1, "skip", name);
  if (!Number.isSafeInteger(skip) || skip < least) throw corrupt(name, `it skips ${skip}`);
  return skip;
}

/** Spaces by name or letters; others (scanner-xyz, 3D-right-handed, with time) say nothing of the patient. */
function spaceOf(value: string | undefined, name: string): NrrdHeader["toLps"] {
  if (value === undefined) return null;
  const words = /^[a-z]{3}$/i.test(value) ? value.toUpperCase() : value.toLowerCase();
  const letters = words.replace(/^(right|left)-(anterior|posterior)-(superior)$/, (_, a, b, c) =>
    `${a[0]}${b[0]}${c[0]}`.toUpperCase(),
  );
  if (/^[RL][AP]S$/.test(letters)) return [letters[0] === "L" ? 1 : -1, letters[1] === "P" ? 1 : -1, 1];
  if (/time/.test(words) || /^[RL][AP]ST$/i.test(value)) {
    throw unsupported(name, "its space has a time axis", "Save each time point as a file.");
  }
  return null;
}

function vectorIn(text: string, name: string): number[] {
  const inside = /^\(([^()]*)\)$/.exec(text.trim());
  if (!inside) throw corrupt(name, "its space origin is no vector");
  return numbersIn(inside[1], null, "space origin", name);
}

function vectorsIn(text: string, dimension: number, name: string): (number[] | null)[] {
  const parts = text.match(/none|\([^()]*\)/g) ?? [];
  if (parts.length !== dimension || text.replace(/none|\([^()]*\)|\s/g, "") !== "") {
    throw corrupt(name, "its space directions do not fit its dimension");
  }
  return parts.map((part) => (part === "none" ? null : numbersIn(part.slice(1, -1), null, "space directions", name)));
}

function spacingsIn(text: string, dimension: number, name: string): number[] {
  const words = text.split(/\s+/);
  if (words.length !== dimension) throw corrupt(name, "its spacings do not fit its dimension");
  return words.map(Number);
}
