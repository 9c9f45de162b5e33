/** @file JPEG, told by its first marker and the beginning of its second (ITU-T T.81, B.1). */
import { holds } from "../../raster/bytes.ts";
import { pictureReader } from "../picture-reader.ts";

export const jpeg = pictureReader(
  {
    kind: "jpeg",
    title: "JPEG",
    extensions: ["jpg", "jpeg"],
    headBytes: 3,
    recognises: (head) => holds(head, [0xff, 0xd8, 0xff]),
  },
  async () => (await import("./decode.ts")).decodeJpeg,
);
