/**
 * @file MetaImage in (itk.org/Wiki/ITK/MetaIO/Documentation): `.mha`, and `.mhd` with its data file; raw, zlib (or gzip)
 * and text. TransformMatrix and Offset are in LPS, each row of the matrix the direction of one index axis, as ITK reads
 * them. Free text (Name, Comment, ID) may name a patient and is not read.
 */
import { corrupt, refuseRawErrors, unsupported } from "../../raster/limits.ts";
import { isUsable, voxelSizes } from "../../volumes/affine.ts";
import { scansOf } from "../../volumes/grid-scans.ts";
import { type InflateLimits, inflateExactly, isGzip } from "../../volumes/inflate.ts";
import { type DataFile, numbersIn, readLines, samplesFromText, siblingData } from "../../volumes/plain-text.ts";
import { SAMPLE_BYTES, type SampleType, samplesOf } from "../../volumes/samples.ts";
import type { Affine, ModalityTransform, Samples, Scan } from "../../volumes/scan.ts";
import { checkInput, checkShape, product, VOLUME_LIMITS, type VolumeLimits } from "../../volumes/volume-limits.ts";
import { beginsLikeMetaImage } from "./magic.ts";

export interface MetaImageFile {
  /** One a volume and component, in file order; three 8- or 16-bit components are one RGB scan. */
  scans: Scan[];
  /** DimSize, fastest axis first. */
  shape: number[];
  /** Samples of all scans. */
  stored: Samples;
  type: SampleType;
  littleEndian: boolean;
  compressed: boolean;
}

type Fields = Map<string, string>;

/** MetaIO's own widths: its LONG has four bytes everywhere. */
const TYPES: Record<string, SampleType> = {
  MET_CHAR: "int8",
  MET_UCHAR: "uint8",
  MET_SHORT: "int16",
  MET_USHORT: "uint16",
  MET_INT: "int32",
  MET_UINT: "uint32",
  MET_LONG: "int32",
  MET_ULONG: "uint32",
  MET_LONG_LONG: "int64",
  MET_ULONG_LONG: "uint64",
  MET_FLOAT: "float32",
  MET_DOUBLE: "float64",
};

/**
 * Reads a MetaImage of at most 512 MB and 2^28 samples, of one to three axes, or four with time last. `open` gives the
 * data file that an `.mhd` names; only plain names are asked for. `name` is used in errors only.
 *
 * The scan has a place in the patient where TransformMatrix is there for three axes, or else AnatomicalOrientation, whose
 * letters say where each axis comes from (RAI goes to Left, Posterior, Superior). Spacing is ElementSpacing, else
 * ElementSize. 64-bit integers become float64 within ±2^53.
 *
 * Throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE for whatever bytes it is given, and what `open` throws.
 */
export async function readMetaImage(
  bytes: Uint8Array,
  name: string,
  open?: DataFile,
  limits: VolumeLimits = VOLUME_LIMITS,
): Promise<MetaImageFile> {
  const { fields, header, geometry, end } = refuseRawErrors(name, () => {
    checkInput(bytes, name, limits);
    if (!beginsLikeMetaImage(bytes)) {
      throw unsupported(name, "it does not begin like a MetaImage", "Give an .mha or .mhd file.");
    }
    const lines = readLines(bytes, (line) => /^\s*ElementDataFile\s*=/.test(line), name);
    const fields = fieldsOf(lines, name);
    const header = headerOf(fields, name);
    checkShape([...header.shape, header.components], header.components * header.frames, name, limits);
    return { fields, header, geometry: geometryOf(fields, header.shape.length, name), end: lines.end };
  });
  const file = fields.get("ElementDataFile");
  if (file === undefined) throw corrupt(name, "its header has no ElementDataFile");
  const data = file === "LOCAL" ? bytes.subarray(end) : await siblingData(file, open, name);
  return refuseRawErrors(name, () => {
    checkInput(data, name, limits);
    const { shape, components, frames, type, littleEndian, compressed } = header;
    const [columns, rows = 1, slices = 1] = shape;
    const stored = samplesFrom(fields, header, data, name, limits.inflate);
    const size = [columns, rows, slices] as const;
    const modality = modalityOf(fields, name);
    const grid = scansOf({ format: "metaimage", size, components, frames, stored, modality, ...geometry });
    return { ...grid, shape, type, littleEndian, compressed };
  });
}

/** "Key = Value" lines; a key said twice is damage. */
function fieldsOf(lines: string[], name: string): Fields {
  const fields: Fields = new Map();
  for (const line of lines) {
    if (line.trim() === "") continue;
    const match = /^\s*(\w+)\s*=(.*)$/.exec(line);
    if (!match) throw corrupt(name, "a line of its header is no field");
    if (fields.has(match[1])) throw corrupt(name, "its header says one thing twice");
    fields.set(match[1], match[2].trim());
  }
  return fields;
}

interface Header {
  shape: number[];
  components: number;
  frames: number;
  type: SampleType;
  littleEndian: boolean;
  compressed: boolean;
  binary: boolean;
}

function headerOf(fields: Fields, name: string): Header {
  const need = (field: string) => {
    const value = fields.get(field);
    if (value === undefined) throw corrupt(name, `its header has no ${field}`);
    return value;
  };
  const kind = fields.get("ObjectType") ?? "Image";
  if (kind !== "Image") throw unsupported(name, "it is no image but another MetaIO object", "Give an image.");
  const [dimensions] = numbersIn(need("NDims"), 1, "NDims", name);
  if (!Number.isInteger(dimensions) || dimensions < 1) throw corrupt(name, `it declares ${dimensions} dimensions`);
  if (dimensions > 4) throw unsupported(name, `it has ${dimensions} dimensions`, "Save it as a volume of three.");
  const shape = numbersIn(need("DimSize"), dimensions, "DimSize", name);
  const [components] = numbersIn(fields.get("ElementNumberOfChannels") ?? "1", 1, "ElementNumberOfChannels", name);
  const type = TYPES[need("ElementType").replace(/_ARRAY$/, "")];
  if (!type) throw unsupported(name, "its ElementType is not read", "Save it with integers or 32- or 64-bit floats.");
  const msb = fields.get("BinaryDataByteOrderMSB") ?? fields.get("ElementByteOrderMSB");
  return {
    shape,
    components,
    frames: shape[3] ?? 1,
    type,
    littleEndian: !isTrue(msb),
    compressed: isTrue(fields.get("CompressedData")),
    binary: fields.get("BinaryData") === undefined || isTrue(fields.get("BinaryData")),
  };
}

/** MetaIO takes the first letter. */
const isTrue = (value: string | undefined) => /^[tTyY1]/.test(value ?? "");

function geometryOf(
  fields: Fields,
  dimensions: number,
  name: string,
): { affine: Affine | null; spacing: Scan["spacing"] } {
  const sizes = fields.get("ElementSpacing") ?? fields.get("ElementSize");
  const steps = sizes === undefined ? null : numbersIn(sizes, dimensions, "ElementSpacing", name);
  if (steps?.some((step) => step <= 0)) throw corrupt(name, "its ElementSpacing is not above 0");
  const spacing: Scan["spacing"] = [steps?.[0] ?? null, steps?.[1] ?? null, steps?.[2] ?? null];
  const directions = dimensions >= 3 ? directionsOf(fields, dimensions, name) : null;
  if (!directions) return { affine: null, spacing };
  const place = fields.get("Offset") ?? fields.get("Position") ?? fields.get("Origin");
  const start = place === undefined ? [0, 0, 0] : numbersIn(place, dimensions, "Offset", name);
  const row = (i: number) => [...directions.map((d, axis) => d[i] * (steps?.[axis] ?? 1) + 0), start[i]];
  const affine = [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
  if (!isUsable(affine)) throw corrupt(name, "its TransformMatrix does not say where the voxels lie");
  return { affine, spacing: voxelSizes(affine) };
}

/** The direction of each of the three index axes, in LPS. */
function directionsOf(fields: Fields, dimensions: number, name: string): number[][] | null {
  const matrix = fields.get("TransformMatrix") ?? fields.get("Rotation") ?? fields.get("Orientation");
  if (matrix !== undefined) {
    const all = numbersIn(matrix, dimensions ** 2, "TransformMatrix", name);
    return [0, 1, 2].map((axis) => all.slice(axis * dimensions, axis * dimensions + 3));
  }
  const letters = fields.get("AnatomicalOrientation")?.toUpperCase() ?? "???";
  const axes = [...letters].map((letter) => ["RL", "AP", "IS"].findIndex((pair) => pair.includes(letter)));
  if (letters.length !== 3 || new Set(axes).size !== 3 || axes.includes(-1)) return null;
  return axes.map((axis, i) => [0, 1, 2].map((k) => (k === axis ? ("RAI".includes(letters[i]) ? 1 : -1) : 0)));
}

/** Slope 0 or none means no scaling, as with NIfTI. */
function modalityOf(fields: Fields, name: string): ModalityTransform {
  const of = (field: string, otherwise: number) => {
    const value = fields.get(field);
    return value === undefined ? otherwise : numbersIn(value, 1, field, name)[0];
  };
  const slope = of("ElementToIntensityFunctionSlope", 1);
  const intercept = of("ElementToIntensityFunctionOffset", 0);
  return slope === 0 ? { kind: "linear", slope: 1, intercept: 0 } : { kind: "linear", slope, intercept };
}

function samplesFrom(fields: Fields, header: Header, file: Uint8Array, name: string, limits: InflateLimits): Samples {
  const { shape, components, type, littleEndian } = header;
  const count = product(shape) * components;
  const length = count * SAMPLE_BYTES[type];
  const data = afterHeader(fields, header, length, file, name);
  if (!header.binary) return samplesFromText(data, type, count, name);
  if (header.compressed) {
    const inflated = inflateExactly(isGzip(data) ? "gzip" : "zlib", data, length, name, limits);
    return samplesOf(inflated, type, littleEndian, name, true);
  }
  if (length > data.length) {
    throw corrupt(name, `its header asks for ${length} bytes of samples, and there are ${data.length}`);
  }
  return samplesOf(data.subarray(0, length), type, littleEndian, name);
}

/** HeaderSize bytes of a data file are skipped, or all but the last where it is -1; CompressedDataSize bounds the rest. */
function afterHeader(fields: Fields, header: Header, length: number, file: Uint8Array, name: string): Uint8Array {
  const whole = (field: string, least: number) => {
    const value = fields.get(field);
    if (value === undefined) return null;
    const [number] = numbersIn(value, 1, field, name);
    if (!Number.isSafeInteger(number) || number < least) throw corrupt(name, `its ${field} is ${number}`);
    return number;
  };
  const skip = whole("HeaderSize", -1) ?? 0;
  const fromEnd = skip === -1 && header.binary && !header.compressed;
  const start = fromEnd ? file.length - length : Math.max(0, skip);
  if (start < 0 || start > file.length) throw corrupt(name, "its samples begin beyond its end");
  const size = header.compressed ? whole("CompressedDataSize", 1) : null;
  if (size === null) return file.subarray(start);
  if (start + size > file.length) throw corrupt(name, "its compressed data are cut short");
  return file.subarray(start, start + size);
}
