/** @file PNG data as a `data:` address, so that the report needs no second file. */
import { HaleError } from "@hale/core";
import type { PngData } from "./report-data.ts";

/** The first eight bytes of every PNG in base64, as far as whole letters go. */
const SIGNATURE = "iVBORw0KGg";

function base64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** @throws HaleError `IMAGE_CORRUPT` for anything that is not a PNG. */
export function pngSource(png: PngData): string {
  const text = typeof png === "string" ? png : base64(png);
  if (!text.startsWith(SIGNATURE) || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new HaleError(
      "IMAGE_CORRUPT",
      "A picture for the report is not a PNG.",
      "Give the bytes of a PNG file, or the same in base64.",
    );
  }
  return `data:image/png;base64,${text}`;
}
