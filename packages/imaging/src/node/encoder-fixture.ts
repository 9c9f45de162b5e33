/**
 * @file Compressed frames for tests, by the encoders of the same module that decodes them, and RLE by hand. That the
 * decoders agree with those of others is what the sample files are for.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
type Exports = Record<string, (...args: number[]) => number> & { memory: WebAssembly.Memory; _initialize?: () => void };

export interface FrameSpec {
  columns: number;
  rows: number;
  samples: 1 | 3;
  /** 8 or 16. */
  allocated: number;
  stored: number;
  signed: boolean;
}

export type Encoding = "Jpeg" | "JpegLs" | "Jpeg2000" | "HtJpeg2000";

/** Encodes little-endian interleaved samples. */
export async function encodeFrame(
  encoding: Encoding,
  pixels: Uint8Array,
  spec: FrameSpec,
  lossy = false,
  /** JPEG Lossless: selection value, 1 to 7. */
  predictor = 1,
): Promise<Uint8Array> {
  const bytes = await readFile(require.resolve("dcmjs-codecs/build/dcmjs-native-codecs.wasm"));
  let codec: Exports | null = null;
  const nothing = () => 0;
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: {
      emscripten_notify_memory_growth: nothing,
      onCodecsInfo: nothing,
      onCodecsTrace: nothing,
      onCodecsException: (at: number, length: number) => {
        throw new Error(new TextDecoder().decode(new Uint8Array((codec as Exports).memory.buffer, at, length)));
      },
    },
    wasi_snapshot_preview1: {
      environ_get: nothing,
      environ_sizes_get: nothing,
      clock_time_get: nothing,
      fd_write: nothing,
      fd_seek: nothing,
      fd_close: nothing,
      proc_exit: nothing,
    },
  });
  codec = instance.exports as Exports;
  codec._initialize?.();
  const context = codec.CreateCodecsContext();
  codec.SetColumns(context, spec.columns);
  codec.SetRows(context, spec.rows);
  codec.SetBitsAllocated(context, spec.allocated);
  codec.SetBitsStored(context, spec.stored);
  codec.SetSamplesPerPixel(context, spec.samples);
  codec.SetPixelRepresentation(context, spec.signed ? 1 : 0);
  codec.SetPlanarConfiguration(context, 0);
  codec.SetPhotometricInterpretation(context, spec.samples === 3 ? 3 : 1);
  codec.SetDecodedBufferSize(context, pixels.length);
  new Uint8Array(codec.memory.buffer).set(pixels, codec.GetDecodedBuffer(context));
  const parameters = codec.CreateEncoderParameters();
  codec.SetLossy(parameters, lossy ? 1 : 0);
  codec.SetQuality(parameters, 95);
  codec.SetSmoothingFactor(parameters, 0);
  codec.SetSampleFactor(parameters, 0);
  codec.SetPredictor(parameters, predictor);
  codec.SetPointTransform(parameters, 0);
  codec.SetAllowedLossyError(parameters, lossy ? 3 : 0);
  codec.SetProgressionOrder(parameters, 2);
  codec.SetRate(parameters, 20);
  codec.SetAllowMct(parameters, 1);
  codec[`Encode${encoding}`](context, parameters);
  const at = codec.GetEncodedBuffer(context);
  return new Uint8Array(codec.memory.buffer).slice(at, at + codec.GetEncodedBufferSize(context));
}

/** One RLE frame of byte planes: literal runs only, but for planes of one value. */
export function encodeRle(planes: readonly Uint8Array[]): Uint8Array {
  const segments = planes.map((plane) => {
    const out: number[] = [];
    const isFlat = plane.every((value) => value === plane[0]);
    for (let at = 0; at < plane.length; at += 128) {
      const run = [...plane.subarray(at, at + 128)];
      if (isFlat && run.length > 1) out.push(257 - run.length, run[0]);
      else out.push(run.length - 1, ...run);
    }
    if (out.length % 2 === 1) out.push(0);
    return out;
  });
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, segments.length, true);
  let at = 64;
  for (const [i, segment] of segments.entries()) {
    header.setUint32(4 + 4 * i, at, true);
    at += segment.length;
  }
  return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
}
