/**
 * @file The structure of a DICOM data set (PS3.5, 7.1 to 7.5): where each element lies, and which elements and items
 * it holds. Nothing is converted and nothing copied, and the walk keeps its own stack: the depth and the number of
 * elements are bounded before memory is. (Parsers that many use call themselves for each nested sequence and have
 * no bound on elements, offset tables or fragments.)
 *
 * A sequence of known length whose inside makes no sense is kept as an opaque value, as a reader that never looks into
 * it would; one of unknown length that makes no sense has no end, and the file is refused.
 */
import { type DicomLimits, damaged, tooBig } from "./refuse.ts";

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
/** Elements of pixels: the walk of a file ends behind them. */
export const PIXEL_DATA = 0x7fe00010;
export const FLOAT_PIXEL_DATA = 0x7fe00008;
export const DOUBLE_PIXEL_DATA = 0x7fe00009;

/** Value representations whose length has four bytes in explicit syntaxes (PS3.5, 7.1.2). */
const LONG = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);

export interface Coding {
  explicit: boolean;
  littleEndian: boolean;
}

export interface Element {
  /** Group × 65536 + element. */
  tag: number;
  /** Two letters; null in implicit syntaxes. */
  vr: string | null;
  /** Of the value, in bytes from the start of the walked bytes. */
  offset: number;
  /** Bytes of the value that are there. */
  length: number;
  /** What the file says, where that is more than there is: cut off. */
  declared: number;
  coding: Coding;
  /** Items of a sequence. */
  items: Elements[] | null;
  /** Fragments of encapsulated pixels, the first of which is the basic offset table (PS3.5, A.4). */
  fragments: Fragment[] | null;
}

export interface Fragment {
  /** Of its item tag. */
  start: number;
  /** Of its bytes. */
  offset: number;
  length: number;
}

/** Elements by tag. */
export type Elements = Map<number, Element>;

interface Frame {
  /** A data set's elements, or null while items of a sequence are read. */
  elements: Elements | null;
  element: Element | null;
  /** Where it must end; for unknown lengths, where its parent must. */
  end: number;
  known: boolean;
  coding: Coding;
}

class Malformed extends Error {}

/** Walks the data set that begins at `start`; ends behind the pixels, at the end of the bytes, or by a refusal. */
export function walk(bytes: Uint8Array, start: number, coding: Coding, name: string, limits: DicomLimits): Elements {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top: Elements = new Map();
  const stack: Frame[] = [{ elements: top, element: null, end: bytes.length, known: true, coding }];
  let at = start;
  let count = 0;
  const counted = () => {
    if (++count > limits.elements) throw tooBig(name, `it has more than ${limits.elements} data elements`);
  };
  const tagAt = (position: number, little: boolean) =>
    view.getUint16(position, little) * 65536 + view.getUint16(position + 2, little);

  /** Takes one step in the innermost frame. */
  const step = (frame: Frame): void => {
    const little = frame.coding.littleEndian;
    if (frame.end - at < 8) {
      // A few bytes of padding at the very end are common; inside, a header that does not fit is no data set.
      if (frame.elements !== top) throw new Malformed("a header is cut off");
      at = frame.end;
      return;
    }
    const tag = tagAt(at, little);
    if (frame.elements === null) {
      const length = view.getUint32(at + 4, little);
      if (tag === SEQUENCE_END && !frame.known) {
        at += 8;
        stack.pop();
        return;
      }
      if (tag !== ITEM) throw new Malformed("an item is missing");
      at += 8;
      counted();
      const known = length !== UNDEFINED_LENGTH;
      if (known && length > frame.end - at) throw new Malformed("an item is longer than its sequence");
      const elements: Elements = new Map();
      frame.element?.items?.push(elements);
      stack.push({ elements, element: null, end: known ? at + length : frame.end, known, coding: frame.coding });
      return;
    }
    if (tag === ITEM_END && !frame.known) {
      at += 8;
      stack.pop();
      return;
    }
    counted();
    const element = readHeader(frame.coding, tag);
    frame.elements.set(tag, element);
    if (element.declared === UNDEFINED_LENGTH) {
      element.declared = element.length = frame.end - at;
      if (element.vr !== "SQ" && element.vr !== "UN" && (element.vr !== null || tag === PIXEL_DATA)) {
        readFragments(element, frame.end);
        return;
      }
      // PS3.5, 6.2.2 note 2: a sequence whose VR was unknown to its sender is implicit and little-endian.
      const inner = element.vr === "UN" ? { explicit: false, littleEndian: true } : frame.coding;
      enter(element, frame.end, false, inner);
      return;
    }
    if (element.declared > frame.end - at) {
      if (frame.elements !== top) throw new Malformed("an element is longer than its item");
      element.length = frame.end - at;
      at = frame.end;
      return;
    }
    const inner = element.vr === "UN" ? { explicit: false, littleEndian: true } : frame.coding;
    const guessed = (element.vr === null || element.vr === "UN") && tag !== PIXEL_DATA && element.length >= 8;
    const isSequence = element.vr === "SQ" || (guessed && tagAt(at, inner.littleEndian) === ITEM);
    if (isSequence) enter(element, at + element.length, true, inner);
    else at += element.length;
  };

  const readHeader = (coding: Coding, tag: number): Element => {
    const little = coding.littleEndian;
    let vr: string | null = null;
    let length: number;
    if (coding.explicit && tag < ITEM) {
      vr = String.fromCharCode(bytes[at + 4], bytes[at + 5]);
      if (!/^[A-Z]{2}$/.test(vr)) throw new Malformed("a value representation is no pair of letters");
      if (LONG.has(vr)) {
        if (bytes.length - at < 12) throw new Malformed("a header is cut off");
        length = view.getUint32(at + 8, little);
        at += 12;
      } else {
        length = view.getUint16(at + 6, little);
        at += 8;
      }
    } else {
      length = view.getUint32(at + 4, little);
      at += 8;
    }
    return { tag, vr, offset: at, length, declared: length, coding, items: null, fragments: null };
  };

  const enter = (element: Element, end: number, known: boolean, coding: Coding): void => {
    element.items = [];
    const depth = stack.reduce((sum, frame) => sum + (frame.elements === null ? 1 : 0), 1);
    if (depth > limits.nesting) throw tooBig(name, `its sequences are nested more than ${limits.nesting} deep`);
    stack.push({ elements: null, element, end, known, coding });
  };

  const readFragments = (element: Element, end: number): void => {
    const little = element.coding.littleEndian;
    element.fragments = [];
    while (end - at >= 8) {
      const tag = tagAt(at, little);
      const length = view.getUint32(at + 4, little);
      if (tag === SEQUENCE_END) {
        at += 8;
        break;
      }
      if (tag !== ITEM) throw new Malformed("a fragment of its pixel data is missing");
      if (length > end - at - 8) throw new Malformed("its pixel data are cut off");
      counted();
      element.fragments.push({ start: at, offset: at + 8, length });
      at += 8 + length;
    }
    element.length = element.declared = at - element.offset;
  };

  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    try {
      if (at >= frame.end) {
        if (!frame.known && at < bytes.length) throw new Malformed("a sequence has no end");
        stack.pop();
        continue;
      }
      step(frame);
      if (stack.length === 1 && isPixels(top)) break;
    } catch (error) {
      if (!(error instanceof Malformed) && !(error instanceof RangeError)) throw error;
      // The innermost sequence of known length is skipped whole; its end is where its header says.
      let inner = stack.pop();
      while (inner && !(inner.known && inner.element)) inner = stack.pop();
      if (!inner?.element) throw damaged(name, error instanceof Malformed ? error.message : "it breaks off", error);
      inner.element.items = null;
      at = inner.end;
    }
  }
  return top;
}

function isPixels(elements: Elements): boolean {
  return elements.has(PIXEL_DATA) || elements.has(FLOAT_PIXEL_DATA) || elements.has(DOUBLE_PIXEL_DATA);
}
