/** @file Where a decoder's WebAssembly file is: its address, its bytes, or a function that brings them. */

export type WasmFile = string | URL | ArrayBuffer | Uint8Array | (() => Promise<ArrayBuffer | Uint8Array>);

/** The file's bytes. Throws where a server does not have it. */
export async function wasmBytes(file: WasmFile): Promise<ArrayBuffer | Uint8Array> {
  if (typeof file === "function") return file();
  if (typeof file !== "string" && !(file instanceof URL)) return file;
  const response = await fetch(file);
  if (!response.ok) throw new Error(`The server answers ${response.status}.`);
  return response.arrayBuffer();
}
