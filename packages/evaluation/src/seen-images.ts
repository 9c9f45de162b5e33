/**
 * @file Whether a detector was made with the images that it is evaluated on: by the hashes of its images, where they are at
 * hand. Without them nothing is known, whatever the splits of the data set say.
 */
import { count } from "@hale/core";
import type { SeenAs } from "@hale/detector";

/** What is known of test images that the detector was made with. */
export type SeenTestImages =
  | { checked: false; reason: string }
  | {
      checked: true;
      /** Images that the detector was made with. */
      images: number;
      /** Test images that are among them. */
      seen: { path: string; as: SeenAs }[];
    };

export const NOT_CHECKED: SeenTestImages = {
  checked: false,
  reason: "neither DETECTOR.seen nor the detector's card holds hashes of the images that it was made with",
};

/** A sentence for people; `warns` where it takes from the result. */
export function seenSentence(seen: SeenTestImages): { text: string; warns: boolean } {
  if (!seen.checked) {
    return {
      text: `Not checked: whether the detector was trained on these test images (${seen.reason}).`,
      warns: true,
    };
  }
  const known = count(seen.images, "image");
  if (seen.seen.length === 0) {
    return { text: `None of the test images is among the ${known} that the detector was made with.`, warns: false };
  }
  const exact = seen.seen.filter(({ as }) => as === "exact").length;
  const near = seen.seen.length - exact;
  const kinds = [exact > 0 && `${exact} with the same pixels`, near > 0 && count(near, "near copy", "near copies")];
  const found = kinds.filter(Boolean).join(", ");
  return {
    text: `The detector was made with ${count(seen.seen.length, "test image")} (${found}): the result is better than it would be on new images.`,
    warns: true,
  };
}

/** "the same pixels" or "a near copy". */
export const seenAsWords = (as: SeenAs): string => (as === "exact" ? "the same pixels" : "a near copy");

/** What can be said of patients who have images in several splits; null where all are known. */
export function patientsSentence(known: "all" | "some" | "none"): string | null {
  if (known === "all") return null;
  const whose = known === "none" ? "Patients unknown" : "Patients of some images unknown";
  return `${whose}: not checked whether a patient has images in training and test.`;
}
