/**
 * @file Whether the picture of a DICOM file shows writing that may name the patient: the one rule for what import takes and
 * what is written without identity. hale does not look at pixels for it, only at what the file says it is.
 */
import type { DataSet } from "./dataset.ts";

/** "yes": the file says so. "possible": it says nothing, and is of a kind that carries names as a rule. */
export type TextInPixels = "yes" | "possible" | "no";

/** Secondary Capture (PS3.4, B.5: 7 and 7.1 to 7.4), and ultrasound (3.1, 6.1, 6.2, 6.3 and the retired ones). */
const SECONDARY_CAPTURE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.\d+)?$/;
const ULTRASOUND = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(3|6)(\.\d+)?$/;
const MODALITIES = ["US", "SC", "OT"];
const IMAGE_TYPES = /SCREEN|CAPTURE|DOSE|PROTOCOL/;

/**
 * Burned In Annotation (0028,0301) where it says YES or NO. Else screen captures, digitised film (Conversion Type, C.8.6.1) and
 * ultrasound may show text: they seldom say so. `meta`: the header of the file (PS3.10, 7.1).
 */
export function textInPixels(data: DataSet, meta: DataSet): TextInPixels {
  const annotation = data.string(0x00280301)?.toUpperCase();
  if (annotation === "YES") return "yes";
  if (annotation === "NO") return "no";
  const sopClass = data.string(0x00080016) ?? meta.string(0x00020002) ?? "";
  const possible =
    data.has(0x00080064) ||
    SECONDARY_CAPTURE.test(sopClass) ||
    ULTRASOUND.test(sopClass) ||
    MODALITIES.includes(data.string(0x00080060)?.toUpperCase() ?? "") ||
    data.strings(0x00080008).some((type) => IMAGE_TYPES.test(type.toUpperCase()));
  return possible ? "possible" : "no";
}
