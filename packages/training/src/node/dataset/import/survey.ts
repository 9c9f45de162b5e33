/**
 * @file The first look at every file: what it is, whose, and whether it is left out for what its header says. No pixel
 * is decoded. What this finds of a patient stays in memory: `identity` is made into pseudonyms and never written.
 */
import { createHash } from "node:crypto";
import { HaleError } from "@hale/errors";
import { isDicom, isImage, looksLikeNifti, outlineDicom } from "@hale/imaging";
import { type Place, placeOf } from "../../../dataset/import/labels.ts";
import type { Reason } from "../../../dataset/import/records.ts";
import {
  bodyPartTerm,
  isNoPicture,
  isSingle,
  modalityTerm,
  sideTerm,
  viewTerm,
} from "../../../dataset/import/terms.ts";
import type { SourceFile } from "./sources.ts";

/** What is personal about a file, as it stands there. */
export interface Identity {
  patientId: string | null;
  issuer: string;
  patientName: string | null;
  studyUid: string | null;
  seriesUid: string | null;
  accession: string | null;
}

/** Terms of a header that a data set keeps. */
export interface Terms {
  modality: string;
  bodyPart: string;
  laterality: string;
  view: string;
}

export type Kind = "dicom" | "volume" | "picture";

/** A file that may become part of a scan or a mask. */
export interface Surveyed {
  file: SourceFile;
  place: Place;
  kind: Kind;
  /** SOP Instance UID, or SHA-256 of the bytes: two files with one are the same. */
  id: string;
  identity: Identity | null;
  terms: Terms;
}

export interface SurveyOptions {
  classes: readonly string[];
  /** Take pictures that have, or may have, text in them. */
  allowBurnedIn: boolean;
}

export type Survey = { found: Surveyed } | { leftOut: Reason } | { passedOver: true };

const NO_TERMS: Terms = { modality: "", bodyPart: "", laterality: "", view: "" };

/** Looks at one file. Throws nothing for whatever the file holds. */
export async function surveyFile(file: SourceFile, options: SurveyOptions): Promise<Survey> {
  const place = placeOf(file.path, options.classes);
  try {
    const bytes = await file.read("");
    const kind = kindOf(bytes);
    if (kind === null) return { leftOut: "not-an-image" };
    if (kind !== "dicom") {
      const id = createHash("sha256").update(bytes).digest("hex");
      return { found: { file, place, kind, id, identity: null, terms: NO_TERMS } };
    }
    return surveyDicom(bytes, file, place, options);
  } catch (error) {
    return { leftOut: reasonOf(error) };
  }
}

function kindOf(bytes: Uint8Array): Kind | null {
  const prefixed = bytes.length >= 132 && String.fromCharCode(...bytes.subarray(128, 132)) === "DICM";
  if (prefixed) return "dicom";
  if (isImage(bytes)) return "picture";
  if (looksLikeNifti(bytes)) return "volume";
  return isDicom(bytes) ? "dicom" : null;
}

function surveyDicom(bytes: Uint8Array, file: SourceFile, place: Place, options: SurveyOptions): Survey {
  const { instance, isDirectory, burnedIn, converted } = outlineDicom(bytes, "");
  if (isDirectory) return { passedOver: true };
  if (instance === null) return { leftOut: "no-pixels" };
  const { modality, imageType } = instance;
  if (isNoPicture(modality)) return { leftOut: "no-picture" };
  const types = imageType.map((type) => type.toUpperCase());
  if (types.includes("LOCALIZER") || types.includes("SCOUT")) return { leftOut: "localizer" };
  if (!options.allowBurnedIn) {
    if (burnedIn === true) return { leftOut: "burned-in" };
    if (burnedIn === null && mayShowText(instance.sopClassUid, modality, types, converted)) {
      return { leftOut: "burned-in-possible" };
    }
  }
  const { patientId, issuerOfPatientId, patientName, accessionNumber } = instance.identity;
  const terms = {
    modality: modalityTerm(modality),
    bodyPart: bodyPartTerm(instance.bodyPart),
    laterality: sideTerm(instance.laterality),
    view: viewTerm(instance.view),
  };
  return {
    found: {
      file,
      place,
      kind: "dicom",
      id: instance.sopInstanceUid ?? createHash("sha256").update(bytes).digest("hex"),
      identity: {
        patientId,
        issuer: issuerOfPatientId ?? "",
        patientName,
        studyUid: instance.studyUid,
        seriesUid: instance.seriesUid,
        accession: accessionNumber,
      },
      terms,
    },
  };
}

/** Secondary Capture (PS3.4, B.5: 7 and 7.1 to 7.4), and ultrasound (3.1, 6.1, 6.2, 6.3 and the retired ones). */
const SECONDARY_CAPTURE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.\d+)?$/;
const ULTRASOUND = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(3|6)(\.\d+)?$/;

/** Screen captures, digitised film and ultrasound carry names in their pixels as a rule, and seldom say so. */
function mayShowText(sopClass: string | null, modality: string | null, types: readonly string[], converted: boolean) {
  return (
    converted ||
    SECONDARY_CAPTURE.test(sopClass ?? "") ||
    ULTRASOUND.test(sopClass ?? "") ||
    ["US", "SC", "OT"].includes(modality ?? "") ||
    types.some((type) => /SCREEN|CAPTURE|DOSE|PROTOCOL/.test(type))
  );
}

/** Why a file that cannot be read is left out. */
export function reasonOf(error: unknown): Reason {
  if (!(error instanceof HaleError)) return "damaged";
  if (error.code === "IMAGE_UNSUPPORTED") return "unsupported";
  if (error.code === "IMAGE_TOO_LARGE") return "too-large";
  return error.code.startsWith("FILE_") ? "unreadable" : "damaged";
}

/** Whether its objects are scans of their own rather than slices of a stack. */
export const standsAlone = (found: Surveyed) => found.kind !== "dicom" || isSingle(found.terms.modality);
