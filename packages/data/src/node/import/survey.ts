/**
 * @file The first look at every file: what it is, whose, and whether it is left out for what its header says. No pixel
 * is decoded. What this finds of a patient stays in memory: `identity` is made into pseudonyms and never written.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { isLocalizer, outlineDicom, type Reader, readerOf } from "@hale/imaging";
import { type Place, placeOf } from "../../import/labels.ts";
import type { Reason } from "../../import/records.ts";
import { bodyPartTerm, isNoPicture, isSingle, modalityTerm, sideTerm, viewTerm } from "../../import/terms.ts";
import { reasonOf, type SourceFile, unpacked } from "./sources.ts";

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
  /** Names of files beside it that hold its samples. */
  parts: string[];
}

export interface SurveyOptions {
  classes: readonly string[];
  /** Take pictures that have, or may have, text in them. */
  allowBurnedIn: boolean;
}

export type Survey = { found: Surveyed } | { leftOut: Reason; place: string } | { skipped: true };

const NO_TERMS: Terms = { modality: "", bodyPart: "", laterality: "", view: "" };

/** Looks at one file, or at all that a zip holds. Throws nothing for whatever the file holds. */
export async function* surveyFile(source: SourceFile, options: SurveyOptions): AsyncGenerator<Survey> {
  for await (const one of unpacked(source)) {
    if ("reason" in one) {
      yield { leftOut: one.reason, place: one.place };
      continue;
    }
    const { file, bytes } = one;
    try {
      const reader = readerOf(bytes);
      const place = placeOf(file.path, options.classes);
      if (reader === null) yield { leftOut: "not-an-image", place: file.place };
      else if (reader.kind === "dicom") yield surveyDicom(bytes, file, place, options);
      else yield await surveyImage(bytes, file, place, reader);
    } catch (error) {
      yield { leftOut: reasonOf(error), place: file.place };
    }
  }
}

async function surveyImage(bytes: Uint8Array, file: SourceFile, place: Place, reader: Reader): Promise<Survey> {
  const hash = createHash("sha256").update(bytes);
  const parts: string[] = [];
  for (const name of reader.companions?.(bytes, basename(file.place)) ?? []) {
    const part = await file.sibling(name);
    if (part === null) continue;
    hash.update(part);
    parts.push(name);
  }
  const kind = reader.decode ? "picture" : "volume";
  return { found: { file, place, kind, id: hash.digest("hex"), identity: null, terms: NO_TERMS, parts } };
}

function surveyDicom(bytes: Uint8Array, file: SourceFile, place: Place, options: SurveyOptions): Survey {
  const { instance, isDirectory, textInPixels } = outlineDicom(bytes, "");
  if (isDirectory) return { skipped: true };
  const out = (leftOut: Reason): Survey => ({ leftOut, place: file.place });
  if (instance === null) return out("no-pixels");
  const { modality, imageType } = instance;
  if (isNoPicture(modality)) return out("no-picture");
  if (isLocalizer(imageType)) return out("localizer");
  if (!options.allowBurnedIn) {
    if (textInPixels === "yes") return out("burned-in");
    if (textInPixels === "possible") return out("burned-in-possible");
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
      parts: [],
    },
  };
}

/** Whether its objects are scans of their own rather than slices of a stack. */
export const standsAlone = (found: Surveyed) => found.kind !== "dicom" || isSingle(found.terms.modality);
