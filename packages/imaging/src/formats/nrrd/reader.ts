/** @file NRRD, with its samples behind the header (`.nrrd`) or in a file beside it (`.nhdr`). */
import { scanFile } from "../image-file.ts";
import { type Reader, whenNeeded } from "../reader.ts";
import { dataOf, namedData } from "../sibling-data.ts";
import { beginsLikeNrrd } from "./magic.ts";

const load = whenNeeded(() => import("./read.ts"));

export const nrrd: Reader = {
  kind: "nrrd",
  title: "NRRD",
  extensions: ["nrrd", "nhdr"],
  headBytes: 8,
  recognises: beginsLikeNrrd,
  companions: (bytes) => namedData(bytes, /^data ?file:[ \t]*(.+?)\s*$/im),
  async read(bytes, name, companion) {
    const { readNrrd } = await load();
    return scanFile("nrrd", await readNrrd(bytes, name, dataOf(name, companion)));
  },
};
