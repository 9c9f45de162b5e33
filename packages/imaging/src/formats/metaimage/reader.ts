/** @file MetaImage, with its samples behind the header (`.mha`) or in a file beside it (`.mhd`). */
import { scanFile } from "../image-file.ts";
import { type Reader, whenNeeded } from "../reader.ts";
import { dataOf, namedData } from "../sibling-data.ts";
import { beginsLikeMetaImage } from "./magic.ts";

const load = whenNeeded(() => import("./read.ts"));

export const metaimage: Reader = {
  kind: "metaimage",
  title: "MetaImage",
  extensions: ["mha", "mhd"],
  headBytes: 32,
  recognises: beginsLikeMetaImage,
  companions: (bytes) => namedData(bytes, /^ElementDataFile[ \t]*=[ \t]*(.+?)\s*$/m),
  async read(bytes, name, companion) {
    const { readMetaImage } = await load();
    return scanFile("metaimage", await readMetaImage(bytes, name, dataOf(name, companion)));
  },
};
