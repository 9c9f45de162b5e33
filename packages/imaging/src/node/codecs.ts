/** @file Where the decoders' WebAssembly files are in Node: in this package as built, in their own packages in the clone. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setDicomWasm } from "../formats/dicom/codecs.ts";
import { setJpegWasm } from "../formats/jpeg/wasm-source.ts";

const require = createRequire(import.meta.url);

// By the package's name and not by their place, since the command's bundle lies elsewhere.
const { dicom, jpeg } = import.meta.url.endsWith(".ts")
  ? {
      dicom: "dcmjs-codecs/build/dcmjs-native-codecs.wasm",
      jpeg: "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm",
    }
  : {
      dicom: "@hale/imaging/codecs/dcmjs-native-codecs.wasm",
      jpeg: "@hale/imaging/codecs/libjpegturbowasm_decode.wasm",
    };

/** Lets the decoders' WebAssembly come from disk; called when `@hale/imaging/node` is imported. */
export function useInstalledCodecs(): void {
  setDicomWasm(() => readFile(require.resolve(dicom)));
  setJpegWasm(() => readFile(require.resolve(jpeg)));
}

useInstalledCodecs();
