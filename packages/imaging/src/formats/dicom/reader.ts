/**
 * @file DICOM, one object a file. Asked before all other formats, since its preamble may imitate any of them. Series of
 * files are put together by series.ts.
 */
import { scanFile } from "../image-file.ts";
import { type Reader, whenNeeded } from "../reader.ts";
import { DICOM_HEAD_BYTES, hasPrefix, isDicom } from "./start.ts";

const load = whenNeeded(() => import("./read.ts"));

export const dicom: Reader = {
  kind: "dicom",
  title: "DICOM",
  extensions: ["dcm", "dicom", "ima"],
  headBytes: DICOM_HEAD_BYTES,
  recognises: hasPrefix,
  resembles: isDicom,
  async read(bytes, name) {
    const { readDicom } = await load();
    const { shape, coded, scan, photometric, transferSyntax } = await readDicom(bytes, name);
    return scanFile("dicom", { shape, stored: coded, scans: [scan] }, { photometric, transferSyntax });
  },
};
