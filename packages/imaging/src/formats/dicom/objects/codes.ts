/**
 * @file Coded concepts (PS3.3 8, PS3.16): DICOM's own codes, SNOMED CT and UCUM where they have the concept, and a local
 * scheme where none has. Local codes are declared in each object by the Coding Scheme Identification Sequence (C.12.1).
 */
import type { Attributes } from "./write.ts";

export function code(value: string, scheme: string, meaning: string): Attributes {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}

/** "99" marks a private scheme (PS3.3 8.2). */
const LOCAL = "99HALE";

export const CODING_SCHEMES: Attributes[] = [
  { CodingSchemeDesignator: "DCM", CodingSchemeRegistry: "HL7", CodingSchemeUID: "1.2.840.10008.2.16.4" },
  { CodingSchemeDesignator: "SCT", CodingSchemeRegistry: "HL7", CodingSchemeUID: "2.16.840.1.113883.6.96" },
  { CodingSchemeDesignator: "UCUM", CodingSchemeRegistry: "HL7", CodingSchemeUID: "2.16.840.1.113883.6.8" },
  {
    CodingSchemeDesignator: LOCAL,
    CodingSchemeName: "hale anomaly detection",
    CodingSchemeResponsibleOrganization: "hale",
  },
];

export const UNITLESS = code("1", "UCUM", "no units");
export const PERCENT = code("%", "UCUM", "percent");

/** CID 7202 and 7222: why an image is referred to. PS3.3 A.51.5.1 demands it of segmentations. */
export const SOURCE_IMAGE = code("121322", "DCM", "Source Image for Image Processing Operation");
/** CID 7203. PS3.3 A.51.5.1 demands it of segmentations. */
export const SEGMENTATION = code("113076", "DCM", "Segmentation");
/** CID 7150 (category); as type too, for a map above a threshold says no more than that. */
export const ABNORMAL_STRUCTURE = code("49755003", "SCT", "Morphologically Abnormal Structure");
/** CID 7162. */
export const ARTIFICIAL_INTELLIGENCE = code("123109", "DCM", "Artificial Intelligence");
/** CID 9000 and CID 7203 have no fit. */
export const ANOMALY_MAP = code("ANOMALY-MAP", LOCAL, "Anomaly map by comparison with a restored image");
export const ANOMALY_VALUE = code("ANOMALY-VALUE", LOCAL, "Local difference from the restored image");
export const ANOMALY_SCORE = code("ANOMALY-SCORE", LOCAL, "Anomaly score");
export const THRESHOLD = code("THRESHOLD", LOCAL, "Threshold of the anomaly score");
export const MAP_THRESHOLD = code("MAP-THRESHOLD", LOCAL, "Threshold of the anomaly map, point by point");
export const FALSE_ALARM_RATE = code("FALSE-ALARMS", LOCAL, "False-alarm rate aimed at on normals");
export const DECISION = code("DECISION", LOCAL, "Score compared with the threshold");
/** CID 242 has "normal" and "abnormal", which a comparison with a threshold does not say. */
export const DECISIONS = {
  above: code("ABOVE", LOCAL, "Above the threshold"),
  "not above": code("NOT-ABOVE", LOCAL, "Not above the threshold"),
  "needs review": code("NEEDS-REVIEW", LOCAL, "Needs review: outside what this detector knows"),
};
/** CID 7050. */
export const BASIC_PROFILE = code("113100", "DCM", "Basic Application Confidentiality Profile");

const IMAGING = code("363679005", "SCT", "Imaging procedure");
const RADIOGRAPHY = code("168537006", "SCT", "Plain radiography");

/** CID 29, and of the procedure CID 100. */
const MODALITIES: Record<string, [string, Attributes]> = {
  CR: ["Computed Radiography", RADIOGRAPHY],
  CT: ["Computed Tomography", code("77477000", "SCT", "Computed tomography")],
  DX: ["Digital Radiography", RADIOGRAPHY],
  ES: ["Endoscopy", IMAGING],
  GM: ["General Microscopy", IMAGING],
  MG: ["Mammography", code("71651007", "SCT", "Mammography")],
  MR: ["Magnetic Resonance", code("113091000", "SCT", "Magnetic resonance imaging")],
  NM: ["Nuclear Medicine", IMAGING],
  OP: ["Ophthalmic Photography", IMAGING],
  OPT: ["Ophthalmic Tomography", IMAGING],
  PT: ["Positron emission tomography", code("82918005", "SCT", "Positron emission tomography")],
  RF: ["Radiofluoroscopy", IMAGING],
  SM: ["Slide Microscopy", IMAGING],
  US: ["Ultrasound", code("16310003", "SCT", "Ultrasonography")],
  XA: ["X-Ray Angiography", IMAGING],
  XC: ["External-camera Photography", IMAGING],
};

/** The modality as a code. */
export function modalityCode(modality: string): Attributes {
  return MODALITIES[modality] ? code(modality, "DCM", MODALITIES[modality][0]) : code("OT", "DCM", "Other Modality");
}

/** The procedure that makes images of this modality. */
export function procedureCode(modality: string): Attributes {
  return MODALITIES[modality]?.[1] ?? IMAGING;
}
