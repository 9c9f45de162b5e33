/**
 * @file Encodes one small frame with the encoders that come with the DICOM codecs (dcmjs-codecs), so that seeds of every
 * compressed transfer syntax can be made here. Encoding is for the fuzzer only: hale never writes compressed pixels.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

type Exports = Record<string, (...args: number[]) => number> & { memory: WebAssembly.Memory };

export interface Frame {
  columns: number;
  rows: number;
  /** 1 or 3, interleaved. */
  samples: 1 | 3;
  /** 1 to 8 give bytes, 9 to 16 give 16-bit words. */
  bits: number;
  signed?: boolean;
  pixels: Uint8Array | Uint16Array;
}

export interface Encoding {
  codec: "Jpeg" | "JpegLs" | "Jpeg2000" | "HtJpeg2000";
  lossy: boolean;
  /** JPEG Lossless: selection value, 1 to 7. */
  predictor?: number;
}

let loaded: Promise<Exports> | null = null;

async function load(): Promise<Exports> {
  // The package belongs to imaging, where npm may have put it too.
  const require = createRequire(new URL("../../packages/imaging/package.json", import.meta.url));
  const bytes = await readFile(require.resolve("dcmjs-codecs/build/dcmjs-native-codecs.wasm"));
  const module = await WebAssembly.compile(bytes);
  const zero = () => 0;
  const names = WebAssembly.Module.imports(module);
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of names) {
    imports[from] ??= {};
    imports[from][name] = zero;
  }
  imports.env.onCodecsException = () => {
    throw new Error("The encoder refused a seed.");
  };
  const { exports } = await WebAssembly.instantiate(module, imports);
  (exports as Exports)._initialize?.();
  return exports as Exports;
}

/** The code stream of a frame. */
export async function encodeFrame(frame: Frame, encoding: Encoding): Promise<Uint8Array> {
  loaded ??= load();
  const codec = await loaded;
  const width = frame.bits <= 8 ? 1 : 2;
  const raw = new Uint8Array(frame.pixels.buffer, frame.pixels.byteOffset, frame.pixels.byteLength);
  const context = codec.CreateCodecsContext();
  codec.SetColumns(context, frame.columns);
  codec.SetRows(context, frame.rows);
  codec.SetBitsAllocated(context, 8 * width);
  codec.SetBitsStored(context, frame.bits);
  codec.SetSamplesPerPixel(context, frame.samples);
  codec.SetPixelRepresentation(context, frame.signed ? 1 : 0);
  codec.SetPlanarConfiguration(context, 0);
  // Indices of the package's photometric interpretations: MONOCHROME2 and RGB.
  codec.SetPhotometricInterpretation(context, frame.samples === 1 ? 1 : 3);
  codec.SetDecodedBufferSize(context, raw.length);
  new Uint8Array(codec.memory.buffer).set(raw, codec.GetDecodedBuffer(context));
  const parameters = codec.CreateEncoderParameters();
  codec.SetLossy(parameters, encoding.lossy ? 1 : 0);
  codec.SetQuality(parameters, 85);
  codec.SetPredictor(parameters, encoding.predictor ?? 1);
  codec.SetPointTransform(parameters, 0);
  codec.SetAllowedLossyError(parameters, encoding.lossy ? 3 : 0);
  codec.SetRate(parameters, encoding.lossy ? 4 : 0);
  codec.SetProgressionOrder(parameters, 2);
  codec[`Encode${encoding.codec}`](context, parameters);
  const size = codec.GetEncodedBufferSize(context);
  const from = codec.GetEncodedBuffer(context);
  const encoded = new Uint8Array(codec.memory.buffer).slice(from, from + size);
  codec.ReleaseEncoderParameters(parameters);
  codec.ReleaseCodecsContext(context);
  return encoded;
}
