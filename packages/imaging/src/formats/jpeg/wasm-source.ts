/** @file Where the JPEG decoder's WebAssembly file is. Apart from the decoder, which is loaded with the first JPEG. */
import type { WasmFile } from "../wasm-file.ts";

let source: WasmFile | null = null;

/**
 * Says where the WebAssembly file is (`libjpegturbowasm_decode.wasm`): its URL, its bytes or a function that brings them.
 * `@hale/imaging/node` does it for Node; a page calls this once before its first JPEG, with its self-hosted copy.
 */
export function setJpegWasm(wasm: WasmFile): void {
  source = wasm;
}

/** What was said last; null where nothing was. */
export const jpegWasm = (): WasmFile | null => source;
