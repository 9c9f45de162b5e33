/** @file Where the JPEG decoder's WebAssembly file is. Apart from the decoder, which is loaded with the first JPEG. */

export type JpegWasm = string | ArrayBuffer | Uint8Array;

let source: JpegWasm | null = null;

/**
 * Says where the WebAssembly file is (`libjpegturbowasm_decode.wasm` of the codec package): its URL or its bytes.
 * Node finds it alone; a page calls this once before its first JPEG, with its self-hosted copy.
 */
export function setJpegWasm(wasm: string | URL | ArrayBuffer | Uint8Array): void {
  source = wasm instanceof URL ? wasm.href : wasm;
}

/** What was said last; null where nothing was. */
export const jpegWasm = (): JpegWasm | null => source;
