/** @file How an NRRD begins: versions 1 to 5 of the format. */
import { ascii, holds } from "../../raster/bytes.ts";

const MAGIC = ascii("NRRD000");

/** Whether the bytes begin like an NRRD. */
export const beginsLikeNrrd = (bytes: Uint8Array) =>
  holds(bytes, MAGIC) && bytes[MAGIC.length] >= 49 && bytes[MAGIC.length] <= 53;
