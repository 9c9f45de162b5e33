/**
 * @file DICOM, one object a file. Asked before all other formats, since its preamble may imitate any of them. The frames
 * of an object are put together as the files of a series are (series.ts): the same scans, whichever way it is read.
 */
import { scanFile } from "../image-file.ts";
import { type Reader, whenNeeded } from "../reader.ts";
import { DICOM_HEAD_BYTES, hasPrefix, isDicom } from "./start.ts";

const load = whenNeeded(async () => ({ ...(await import("./read.ts")), ...(await import("./series.ts")) }));

export const dicom: Reader = {
  kind: "dicom",
  title: "DICOM",
  extensions: ["dcm", "dicom", "ima"],
  headBytes: DICOM_HEAD_BYTES,
  recognises: hasPrefix,
  resembles: isDicom,
  async read(bytes, name) {
    const { readDicom, scansOfObject } = await load();
    const object = await readDicom(bytes, name);
    const { shape, coded, photometric, transferSyntax } = object;
    const scans = scansOfObject(object, name).map(({ scan }) => scan);
    const { modality, seriesNumber: series } = object.instance;
    return scanFile("dicom", { shape, stored: coded, scans }, { photometric, transferSyntax, modality, series });
  },
};
