/**
 * @file Sources without their patient: the Basic Application Level Confidentiality Profile (PS3.15 E.2, table E.1-1) for
 * the modules that our objects carry on. Everything about patient, study and trial goes, but for what a file must have,
 * which is emptied or replaced; UIDs become others, the same for the same old one and key.
 */
import { HaleError } from "@hale/core";
import { BASIC_PROFILE } from "./codes.ts";
import { EMPTY_IF_UNKNOWN } from "./modules.ts";
import type { SourceInstance } from "./source.ts";
import { type Attributes, uidOfUuid } from "./write.ts";

export interface Deidentification {
  /** Secret, at least 16 bytes: who has it can tell whether a UID of ours comes from one he knows. */
  key: Uint8Array<ArrayBuffer>;
  /** Put in the place of name and id; both are emptied where it is not given. At most 64 characters, no backslash. */
  pseudonym?: string;
}

/** What of the picture stays: nothing of it tells who or when. */
const KEPT = `BodyPartExamined Laterality ImageLaterality PatientOrientation PixelSpacing PixelSpacingCalibrationType
LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod BurnedInAnnotation RecognizableVisualFeatures Modality`.split(
  /\s+/,
);

/** The first 128 bits of HMAC-SHA-256 of a UID, as a UID. */
async function replaced(key: CryptoKey, uid: string): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(uid)));
  return uidOfUuid([...mac.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}

/**
 * The sources without identity, in the same order; objects made of them have none either, and no dates. Throws
 * OPTION_INVALID for a key under 16 bytes and for a pseudonym that is no name.
 */
export async function deidentifySources(
  sources: readonly SourceInstance[],
  { key, pseudonym }: Deidentification,
): Promise<SourceInstance[]> {
  if (key.length < 16) throw new HaleError("OPTION_INVALID", "The key is too short.", "Give at least 16 random bytes.");
  if (pseudonym !== undefined && (pseudonym.length > 64 || /[\\=\p{Cc}]/u.test(pseudonym) || pseudonym.trim() === "")) {
    throw new HaleError(
      "OPTION_INVALID",
      "The pseudonym cannot stand in a DICOM file.",
      "Use 1 to 64 letters and digits.",
    );
  }
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const known = new Map<string, string>();
  const replace = async (uid: string) => {
    const found = known.get(uid) ?? (await replaced(hmac, uid));
    known.set(uid, found);
    return found;
  };
  const modules: Attributes = {
    ...Object.fromEntries(EMPTY_IF_UNKNOWN.map((keyword) => [keyword, null])),
    PatientName: pseudonym ?? null,
    PatientID: pseudonym ?? null,
    PatientIdentityRemoved: "YES",
    DeidentificationMethod: "hale: PS3.15 Basic Profile; identity not carried over",
    DeidentificationMethodCodeSequence: [BASIC_PROFILE],
    LongitudinalTemporalInformationModified: "REMOVED",
  };
  const out: SourceInstance[] = [];
  for (const source of sources) {
    const kept = KEPT.filter((keyword) => source.image[keyword] !== undefined);
    out.push({
      ...source,
      sopInstanceUid: await replace(source.sopInstanceUid),
      seriesUid: await replace(source.seriesUid),
      studyUid: await replace(source.studyUid),
      frameOfReferenceUid: source.frameOfReferenceUid && (await replace(source.frameOfReferenceUid)),
      modules,
      image: Object.fromEntries(kept.map((keyword) => [keyword, source.image[keyword]])),
      deidentified: true,
    });
  }
  return out;
}
