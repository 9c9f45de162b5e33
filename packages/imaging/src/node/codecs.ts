/** @file The DICOM codecs of the installed package, for Node. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setDicomWasm } from "../formats/dicom/codecs.ts";

const require = createRequire(import.meta.url);

/** Lets the DICOM codecs come from the installed package; called when `@hale/imaging/node` is imported. */
export function useInstalledCodecs(): void {
  setDicomWasm(() => readFile(require.resolve("dcmjs-codecs/build/dcmjs-native-codecs.wasm")));
}

useInstalledCodecs();
