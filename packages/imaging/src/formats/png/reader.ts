/** @file PNG, told by its signature. */
import { holds } from "../../raster/bytes.ts";
import { pictureReader } from "../picture-reader.ts";
import { PNG_SIGNATURE } from "./signature.ts";

export const png = pictureReader(
  {
    kind: "png",
    title: "PNG",
    extensions: ["png"],
    headBytes: PNG_SIGNATURE.length,
    recognises: (head) => holds(head, PNG_SIGNATURE),
  },
  async () => (await import("./decode.ts")).decodePng,
);
