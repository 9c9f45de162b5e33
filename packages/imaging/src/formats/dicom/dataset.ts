/**
 * @file Reading values out of a walked data set, by the type that the reader wants rather than by the type that the
 * file claims: implicit files claim none, and UN claims nothing. Tags are written as in the standard, (0028,0010) as
 * 0x00280010.
 */
import type { Element, Elements } from "./walk.ts";

/** A data set, or an item of a sequence, with the bytes that its elements lie in. */
export class DataSet {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(
    bytes: Uint8Array,
    readonly elements: Elements,
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The bytes that all offsets count in: the file, or what its deflated part unfolds to. */
  get source(): Uint8Array {
    return this.#bytes;
  }

  has(tag: number): boolean {
    const element = this.elements.get(tag);
    return element !== undefined && element.length > 0;
  }

  element(tag: number): Element | undefined {
    return this.elements.get(tag);
  }

  /** The bytes of a value, not copied; null where it is missing. */
  bytes(tag: number): Uint8Array | null {
    const element = this.elements.get(tag);
    return element ? this.#bytes.subarray(element.offset, element.offset + element.length) : null;
  }

  /** Unsigned 16-bit values (US, OW); null where there are none. */
  words(tag: number): Uint16Array | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 2) return null;
    const words = new Uint16Array(element.length >> 1);
    for (let i = 0; i < words.length; i++) {
      words[i] = this.#view.getUint16(element.offset + 2 * i, element.coding.littleEndian);
    }
    return words;
  }

  /** The first unsigned 16-bit value; null where it is missing. */
  uint16(tag: number): number | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 2) return null;
    return this.#view.getUint16(element.offset, element.coding.littleEndian);
  }

  /** Unsigned 32-bit values (UL); null where there are none. */
  uint32s(tag: number): number[] | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 4) return null;
    return Array.from({ length: element.length >> 2 }, (_, i) =>
      this.#view.getUint32(element.offset + 4 * i, element.coding.littleEndian),
    );
  }

  /** Unsigned 64-bit values (OV), as numbers: exact up to 2^53. */
  uint64s(tag: number): number[] | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 8) return null;
    return Array.from({ length: element.length >> 3 }, (_, i) =>
      Number(this.#view.getBigUint64(element.offset + 8 * i, element.coding.littleEndian)),
    );
  }

  /** 64-bit floats (FD), or null. */
  doubles(tag: number): number[] | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 8) return null;
    return Array.from({ length: element.length >> 3 }, (_, i) =>
      this.#view.getFloat64(element.offset + 8 * i, element.coding.littleEndian),
    );
  }

  /** 32-bit floats (FL), or null. */
  floats(tag: number): number[] | null {
    const element = this.elements.get(tag);
    if (!element || element.length < 4) return null;
    return Array.from({ length: element.length >> 2 }, (_, i) =>
      this.#view.getFloat32(element.offset + 4 * i, element.coding.littleEndian),
    );
  }

  /** Text, a byte a character, without the padding at both ends; null where it is missing or empty. */
  string(tag: number): string | null {
    const value = this.bytes(tag);
    if (!value) return null;
    let text = "";
    for (const byte of value.subarray(0, 65536)) text += String.fromCharCode(byte);
    text = trim(text);
    return text === "" ? null : text;
  }

  /** The values of a text with several, each trimmed. */
  strings(tag: number): string[] {
    return this.string(tag)?.split("\\").map(trim) ?? [];
  }

  /**
   * Decimal or integer strings (DS, IS): null where the element is missing or empty, NaN for a value that is no
   * number, so that callers can tell the two apart.
   */
  numbers(tag: number): number[] | null {
    if (!this.has(tag)) return null;
    const values = this.strings(tag);
    if (values.length === 0) return null;
    return values.map((value) => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : Number.NaN));
  }

  /** The first number of a decimal or integer string. */
  number(tag: number): number | null {
    return this.numbers(tag)?.[0] ?? null;
  }

  /** The items of a sequence; none where it is missing. */
  items(tag: number): DataSet[] {
    return (this.elements.get(tag)?.items ?? []).map((elements) => new DataSet(this.#bytes, elements));
  }

  /** The first item of a sequence. */
  item(tag: number): DataSet | null {
    const elements = this.elements.get(tag)?.items?.[0];
    return elements ? new DataSet(this.#bytes, elements) : null;
  }
}

/** Takes off spaces and NULs (PS3.5, 6.2: padding). */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 32) end--;
  let start = 0;
  while (start < end && text.charCodeAt(start) <= 32) start++;
  return text.slice(start, end);
}
