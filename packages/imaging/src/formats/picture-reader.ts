/** @file The part that readers of plain pictures share: a decoder is all that a format brings. */
import type { Raster } from "../raster/raster.ts";
import { pictureFile } from "./image-file.ts";
import { type Reader, whenNeeded } from "./reader.ts";

type Decode = (bytes: Uint8Array, name: string) => Raster | Promise<Raster>;

/** A reader made of how files begin and a decoder, which is loaded with the first file. */
export function pictureReader(
  known: Pick<Reader, "kind" | "title" | "extensions" | "headBytes" | "recognises">,
  load: () => Promise<Decode>,
): Reader {
  const decoder = whenNeeded(load);
  const decode = async (bytes: Uint8Array, name: string) => (await decoder())(bytes, name);
  return { ...known, decode, read: async (bytes, name) => pictureFile(known.kind, await decode(bytes, name)) };
}
