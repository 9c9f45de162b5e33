/**
 * @file The codecs of compressed frames: one WebAssembly module, that of dcmjs-codecs (libijg for JPEG of 8, 12 and 16
 * bits, CharLS, OpenJPEG, OpenJPH), loaded when the first compressed frame is met.
 *
 * Why this one: it is the only one of those at hand that decodes lossy JPEG of 12 bits, and it decodes all others too,
 * where @cornerstonejs' four modules and jpeg-lossless-decoder-js together leave that gap. Its own JavaScript is not
 * used: it evaluates strings, which pages with a content security policy forbid, and keeps one global instance.
 *
 * C++ exceptions are compiled out: a fault in the data leaves the module in the middle of its work. Whatever it throws
 * becomes a refusal, and that instance is never used again.
 */
import { HaleError } from "@hale/core";
import { withLessFilling } from "../end-marker.ts";
import { type WasmFile, wasmBytes } from "../wasm-file.ts";
import type { CodeStream } from "./codestream.ts";
import type { PixelFormat } from "./pixels.ts";
import { damaged, unreadable } from "./refuse.ts";

type Exports = Record<string, (...args: number[]) => number> & {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
};

/** Memory beyond which an instance is given up after its frame, so that one large image does not stay. */
const KEPT_BYTES = 384 * 1024 * 1024;
/** Index of MONOCHROME2 among the module's photometric interpretations: colours come out as they were coded. */
const MONOCHROME2 = 1;

const DECODE = {
  jpeg: "DecodeJpeg",
  "jpeg-ls": "DecodeJpegLs",
  "jpeg-2000": "DecodeJpeg2000",
  "ht-jpeg-2000": "DecodeHtJpeg2000",
} as const;

let source: WasmFile | null = null;
let compiled: Promise<WebAssembly.Module> | null = null;
let instance: Exports | null = null;
/** What the codecs have said about the frame at hand. */
let complaint: string | null = null;

/**
 * Says where the WebAssembly file is (`dcmjs-native-codecs.wasm` of the package dcmjs-codecs): its URL, its bytes or a
 * function that brings them. `@hale/imaging/node` does it for Node; a page calls this once, with its own copy.
 */
export function setDicomWasm(wasm: WasmFile): void {
  source = wasm;
  compiled = null;
  instance = null;
}

/**
 * Decodes one frame, whose header has been checked, into little-endian samples, interleaved unless the stream is
 * planar: one byte a sample for precisions to 8 bits, two for others.
 */
export async function decodeFrame(
  frame: Uint8Array,
  stream: CodeStream,
  format: PixelFormat,
  name: string,
): Promise<Uint8Array> {
  if (stream.kind === "jpeg-2000" && stream.components === 3 && stream.precision > 8) {
    throw unreadable(name, `its JPEG 2000 colours have ${stream.precision} bits`);
  }
  try {
    return await decodeOnce(frame, stream, format);
  } catch (cause) {
    if (cause instanceof HaleError) throw cause;
    for (const less of withLessFilling(frame)) {
      const decoded = await decodeOnce(less, stream, format).catch(() => null);
      if (decoded) return decoded;
    }
    throw damaged(name, `its ${LABEL[stream.kind]} data break off or contradict themselves`, cause);
  }
}

/** Throws whatever the module throws, after which that instance is not used again. */
async function decodeOnce(frame: Uint8Array, stream: CodeStream, format: PixelFormat): Promise<Uint8Array> {
  const module = await load();
  instance ??= await instantiate(module);
  complaint = null;
  try {
    return decode(instance, stream.kind === "jpeg-ls" ? withEnd(frame) : frame, stream, format);
  } catch (cause) {
    instance = null;
    throw cause;
  }
}

/**
 * CharLS counts bits below zero, and never stops, where JPEG-LS data end without a marker; with one (EOI) it complains.
 * A second EOI behind that of a sound frame is not read.
 */
function withEnd(frame: Uint8Array): Uint8Array {
  const ended = new Uint8Array(frame.length + 2);
  ended.set(frame);
  ended.set([0xff, 0xd9], frame.length);
  return ended;
}

const LABEL = { jpeg: "JPEG", "jpeg-ls": "JPEG-LS", "jpeg-2000": "JPEG 2000", "ht-jpeg-2000": "HTJ2K" } as const;

function decode(codec: Exports, frame: Uint8Array, stream: CodeStream, format: PixelFormat): Uint8Array {
  const width = stream.precision <= 8 ? 1 : 2;
  const context = codec.CreateCodecsContext();
  codec.SetColumns(context, stream.columns);
  codec.SetRows(context, stream.rows);
  codec.SetBitsAllocated(context, 8 * width);
  codec.SetBitsStored(context, stream.precision);
  codec.SetSamplesPerPixel(context, stream.components);
  codec.SetPixelRepresentation(context, format.signed ? 1 : 0);
  codec.SetPlanarConfiguration(context, 0);
  codec.SetPhotometricInterpretation(context, MONOCHROME2);
  codec.SetEncodedBufferSize(context, frame.length);
  new Uint8Array(codec.memory.buffer).set(frame, codec.GetEncodedBuffer(context));
  const parameters = codec.CreateDecoderParameters();
  codec.SetConvertColorspaceToRgb(parameters, 0);
  codec[DECODE[stream.kind]](context, parameters);
  if (complaint !== null) throw new Error(complaint);
  const length = stream.columns * stream.rows * stream.components * width;
  if (codec.GetDecodedBufferSize(context) !== length) throw new Error("The decoded frame has another size.");
  const from = codec.GetDecodedBuffer(context);
  const decoded = new Uint8Array(codec.memory.buffer).slice(from, from + length);
  const isByPlane = stream.kind === "ht-jpeg-2000" && stream.components === 3 && stream.ycc === null;
  codec.ReleaseDecoderParameters(parameters);
  codec.ReleaseCodecsContext(context);
  if (codec.memory.buffer.byteLength > KEPT_BYTES) instance = null;
  return isByPlane ? sortLines(decoded, stream, width) : decoded;
}

/**
 * OpenJPH hands out colours that share no transform plane after plane; the module takes the lines as if they came by
 * turns. Its line y of channel c is therefore number 3 y + c of all lines, and is put where that one belongs.
 */
function sortLines(decoded: Uint8Array, { columns, rows }: CodeStream, width: number): Uint8Array {
  const out = new Uint8Array(decoded.length);
  for (let line = 0; line < 3 * rows; line++) {
    const from = (Math.floor(line / 3) * columns * 3 + (line % 3)) * width;
    const to = ((line % rows) * columns * 3 + Math.floor(line / rows)) * width;
    for (let x = 0; x < columns; x++) {
      for (let byte = 0; byte < width; byte++) out[to + x * 3 * width + byte] = decoded[from + x * 3 * width + byte];
    }
  }
  return out;
}

function load(): Promise<WebAssembly.Module> {
  compiled ??= bytesOf(source)
    .then((bytes) => WebAssembly.compile(bytes as BufferSource))
    .catch((cause: unknown) => {
      compiled = null;
      throw new HaleError(
        "FILE_NOT_FOUND",
        "The DICOM codecs (dcmjs-native-codecs.wasm) could not be loaded.",
        "Import @hale/imaging/node in Node; in a page, call setDicomWasm with the address of its self-hosted copy.",
        { cause },
      );
    });
  return compiled;
}

async function bytesOf(from: WasmFile | null): Promise<ArrayBuffer | Uint8Array> {
  if (from === null) throw new Error("No one has said where the codecs are.");
  return wasmBytes(from);
}

/** The module asks for little: a clock, and someone to tell. */
async function instantiate(module: WebAssembly.Module): Promise<Exports> {
  let exports: Exports | null = null;
  const text = (at: number, length: number) =>
    exports ? String.fromCharCode(...new Uint8Array(exports.memory.buffer, at, Math.min(length, 500))) : "";
  const zero = () => 0;
  const made = await WebAssembly.instantiate(module, {
    env: {
      emscripten_notify_memory_growth: zero,
      onCodecsTrace: zero,
      onCodecsInfo: (at: number, length: number) => {
        // libijg fills in grey where data end early, and only says so.
        const said = text(at, length);
        if (/premature end|bad huffman code|corrupt jpeg data: bad/i.test(said)) complaint ??= said;
      },
      onCodecsException: (at: number, length: number) => {
        throw new Error(text(at, length));
      },
    },
    wasi_snapshot_preview1: {
      environ_get: zero,
      environ_sizes_get: (countAt: number, sizeAt: number) => {
        if (!exports) return 0;
        const view = new DataView(exports.memory.buffer);
        view.setUint32(countAt, 0, true);
        view.setUint32(sizeAt, 0, true);
        return 0;
      },
      clock_time_get: (_id: number, _precision: bigint, at: number) => {
        if (exports) new DataView(exports.memory.buffer).setBigUint64(at, 0n, true);
        return 0;
      },
      fd_write: (_file: number, pieces: number, count: number, writtenAt: number) => {
        if (!exports) return 0;
        const view = new DataView(exports.memory.buffer);
        let written = 0;
        for (let i = 0; i < count; i++) written += view.getUint32(pieces + 8 * i + 4, true);
        view.setUint32(writtenAt, written, true);
        return 0;
      },
      fd_seek: zero,
      fd_close: zero,
      proc_exit: (code: number) => {
        throw new Error(`The codec gave up with ${code}.`);
      },
    },
  });
  exports = made.exports as Exports;
  exports._initialize?.();
  return exports;
}
