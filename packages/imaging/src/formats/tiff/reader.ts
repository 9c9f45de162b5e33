/** @file TIFF of either byte order (TIFF 6.0, section 2), and BigTIFF (version 43); first page. */
import { holds } from "../../raster/bytes.ts";
import { pictureReader } from "../picture-reader.ts";
import { isBigTiff } from "./classic.ts";

const LITTLE = [0x49, 0x49, 42, 0];
const BIG = [0x4d, 0x4d, 0, 42];

export const tiff = pictureReader(
  {
    kind: "tiff",
    title: "TIFF",
    extensions: ["tif", "tiff"],
    headBytes: 4,
    recognises: (head) => holds(head, LITTLE) || holds(head, BIG) || isBigTiff(head),
  },
  async () => (await import("./decode.ts")).decodeTiff,
);
