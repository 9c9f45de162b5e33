/**
 * @file What a compressed frame says of itself, read before any codec sees it: JPEG and JPEG-LS frame headers (ITU-T
 * T.81, B.2.2; T.87, C.2.2) and the main header of JPEG 2000 (T.800, A.5.1). Codecs allocate by these numbers, so
 * they must agree with the data set first.
 */
import type { PixelFormat } from "./pixels.ts";
import { damaged, tooBig, unreadable } from "./refuse.ts";

export interface CodeStream {
  kind: "jpeg" | "jpeg-ls" | "jpeg-2000" | "ht-jpeg-2000";
  columns: number;
  rows: number;
  components: number;
  /** Bits a sample. */
  precision: number;
  /** JPEG-LS without interleaving: decoded colour by plane. */
  planar: boolean;
  /**
   * Lossy JPEG: whether components are YCbCr, where its markers tell; JPEG 2000: false where the codec undoes the
   * colour transform. Null: the photometric interpretation tells.
   */
  ycc: boolean | null;
  /** JPEG 2000. */
  tiles: number;
}

/** Scans of one progressive frame; more are an attack on the clock. */
const MAX_SCANS = 500;
/** Tiles of one JPEG 2000 frame; the codec holds kilobytes for each. */
const MAX_TILES = 4096;

/** Reads the header of a frame and holds it to the data set. Throws when they contradict each other. */
export function readCodeStream(frame: Uint8Array, format: PixelFormat, name: string): CodeStream {
  const stream = parse(frame, name);
  if (stream.columns !== format.columns || stream.rows !== format.rows) {
    throw damaged(
      name,
      `a compressed frame has ${stream.columns} × ${stream.rows} pixels, and the data set declares ${format.columns} × ${format.rows}`,
    );
  }
  if (stream.tiles > MAX_TILES) throw tooBig(name, `a JPEG 2000 frame has ${stream.tiles} tiles`);
  if (stream.components !== format.samples) {
    throw damaged(name, `a compressed frame has ${stream.components} components for ${format.samples} samples a pixel`);
  }
  if (stream.precision < 1 || stream.precision > 16 || stream.precision > format.allocated) {
    throw damaged(name, `a compressed frame has ${stream.precision} bits a sample for ${format.allocated} allocated`);
  }
  return stream;
}

function parse(frame: Uint8Array, name: string): CodeStream {
  if (frame[0] === 0xff && frame[1] === 0xd8) return parseJpeg(frame, name);
  if (frame[0] === 0xff && frame[1] === 0x4f) return parseJ2k(frame, 0, name);
  // JP2 boxes (T.800, I.4) are not allowed in DICOM, but written; the code stream is in the box "jp2c".
  if (frame.length > 12 && frame[4] === 0x6a && frame[5] === 0x50) return parseJ2k(frame, findJp2c(frame, name), name);
  throw damaged(name, "a compressed frame does not begin like one");
}

function parseJpeg(frame: Uint8Array, name: string): CodeStream {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let jfif = false;
  let adobe: number | null = null;
  let found: CodeStream | null = null;
  let ids: number[] = [];
  let lossy = false;
  for (let at = 2; at + 4 <= frame.length; ) {
    if (frame[at] !== 0xff) throw damaged(name, "a JPEG marker is missing");
    const marker = frame[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd8 || marker === 1) {
      at += 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > frame.length) break;
    if (marker === 0xe0 && length >= 7) jfif = frame[at + 4] === 0x4a && frame[at + 5] === 0x46;
    if (marker === 0xee && length >= 14 && frame[at + 4] === 0x41 && frame[at + 5] === 0x64) adobe = frame[at + 15];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame || marker === 0xf7) {
      if (found) throw damaged(name, "a JPEG frame has two headers");
      if (isFrame && marker > 0xc3) throw unreadable(name, `its JPEG process (SOF${marker - 0xc0}) is not decoded`);
      if (length < 8 + 3 * frame[at + 9]) break;
      ids = Array.from({ length: frame[at + 9] }, (_, i) => frame[at + 10 + 3 * i]);
      lossy = isFrame && marker !== 0xc3;
      found = {
        kind: isFrame ? "jpeg" : "jpeg-ls",
        precision: frame[at + 4],
        rows: view.getUint16(at + 5),
        columns: view.getUint16(at + 7),
        components: frame[at + 9],
        planar: false,
        ycc: null,
        tiles: 1,
      };
      if (isFrame) countScans(frame, name);
      const subsampled = ids.some((_, i) => frame[at + 11 + 3 * i] !== frame[at + 11]);
      if (!lossy && subsampled) throw unreadable(name, "its lossless JPEG has subsampled components");
    }
    if (marker === 0xda) {
      if (!found) break;
      // T.87, C.2.3: number of components, two bytes for each, NEAR, interleave mode.
      if (found.kind === "jpeg-ls" && found.components > 1) found.planar = frame[at + 6 + 2 * frame[at + 4]] === 0;
      if (lossy && found.components === 3) found.ycc = isYcc(ids, jfif, adobe);
      return found;
    }
    at += 2 + length;
  }
  throw damaged(name, "a JPEG frame has no complete header");
}

/** What a JPEG's own markers say: Adobe's transform, letters as component ids, JFIF. Null when they say nothing. */
function isYcc(ids: number[], jfif: boolean, adobe: number | null): boolean | null {
  if (adobe !== null) return adobe !== 0;
  if (ids[0] === 0x52 && ids[1] === 0x47 && ids[2] === 0x42) return false;
  return jfif ? true : null;
}

function countScans(frame: Uint8Array, name: string): void {
  let scans = 0;
  for (let at = frame.indexOf(0xff); at >= 0; at = frame.indexOf(0xff, at + 1)) {
    if (frame[at + 1] === 0xda && ++scans > MAX_SCANS) {
      throw unreadable(name, `a frame has more than ${MAX_SCANS} JPEG scans`);
    }
  }
}

function findJp2c(frame: Uint8Array, name: string): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let at = 0; at + 8 <= frame.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return at + (length === 1 ? 16 : 8);
    if (length < 8) break;
    at += length;
  }
  throw damaged(name, "a JP2 frame holds no code stream");
}

function parseJ2k(frame: Uint8Array, start: number, name: string): CodeStream {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const cut = () => damaged(name, "a JPEG 2000 header is cut off");
  // SOC, SIZ, Lsiz, Rsiz, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, Csiz, then three bytes a component.
  if (frame.length < start + 45 || view.getUint16(start) !== 0xff4f || view.getUint16(start + 2) !== 0xff51)
    throw cut();
  const at = (i: number) => view.getUint32(start + 8 + 4 * i);
  const [x, y, left, top, tileWidth, tileHeight, tileLeft, tileTop] = [0, 1, 2, 3, 4, 5, 6, 7].map(at);
  const components = view.getUint16(start + 40);
  if (frame.length < start + 42 + 3 * components) throw cut();
  if (x <= left || y <= top || tileWidth === 0 || tileHeight === 0 || components === 0) {
    throw damaged(name, "a JPEG 2000 header declares an empty image");
  }
  const tiles = Math.ceil((x - tileLeft) / tileWidth) * Math.ceil((y - tileTop) / tileHeight);
  const depth = frame[start + 42];
  for (let i = 0; i < components; i++) {
    const component = start + 42 + 3 * i;
    if (frame[component] !== depth) throw unreadable(name, "its JPEG 2000 components differ in depth");
    if (frame[component + 1] !== 1 || frame[component + 2] !== 1) {
      throw unreadable(name, "its JPEG 2000 components are subsampled");
    }
  }
  let ht = (view.getUint16(start + 6) & 0x4000) !== 0;
  let transformed = false;
  for (let marker = start + 4 + view.getUint16(start + 4); marker + 4 <= frame.length; ) {
    const code = view.getUint16(marker);
    // CAP (T.814) with the bit of part 15; COD with its multiple component transform (T.800, A.6.1).
    if (code === 0xff50 && marker + 8 <= frame.length) ht ||= (view.getUint32(marker + 4) & 0x20000) !== 0;
    if (code === 0xff52 && marker + 9 <= frame.length) transformed = frame[marker + 8] === 1;
    if (code === 0xff90 || code < 0xff4f) break;
    marker += 2 + Math.max(2, view.getUint16(marker + 2));
  }
  return {
    kind: ht ? "ht-jpeg-2000" : "jpeg-2000",
    columns: x - left,
    rows: y - top,
    components,
    precision: (depth & 0x7f) + 1,
    planar: false,
    ycc: transformed ? false : null,
    tiles,
  };
}
