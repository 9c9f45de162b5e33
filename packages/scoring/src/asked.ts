/** @file Whether a detector's card fits what is to be scored, and what is asked for instead of what it says. */
import { HaleError } from "@hale/core";
import type { AskedInput } from "@hale/data";
import type { Detector } from "@hale/detector";
import type { ScanInput } from "@hale/imaging";

/**
 * What a scan is made into where something else is asked for than the card has; undefined where it is not. A detector of
 * plain pictures takes scans only where it is told how their values become black and white: it has seen whole pictures,
 * squeezed into squares. Throws OPTION_INVALID where it is not told.
 */
export function inputAsked({ card }: Pick<Detector, "card">, asked: AskedInput): ScanInput | undefined {
  const { unmarked: _, ...rest } = asked;
  if (Object.keys(rest).length === 0) return undefined;
  if (card.input) {
    const { volume: __, ...own } = card.input;
    return { ...own, ...rest };
  }
  if (!rest.normalisation) {
    throw new HaleError(
      "OPTION_INVALID",
      "The detector was trained on plain pictures, so the settings for scans need one for how values become black and white.",
      "For example the file's own window for radiographs.",
      { setting: "normalisation" },
    );
  }
  return {
    slices: { axis: "axial", unit: "share", from: 0, to: 1 },
    leastForeground: 0,
    crop: null,
    square: false,
    ...rest,
    normalisation: rest.normalisation,
  };
}

/** Throws DETECTOR_MISMATCH for a plain picture before a detector of scans, unless its scans keep their full scale. */
export function refusePicture({ card }: Pick<Detector, "card">, file: string): void {
  if (!card.input || card.input.normalisation.kind === "full-scale") return;
  throw new HaleError(
    "DETECTOR_MISMATCH",
    `${file} is a plain picture, and the detector was trained on scans, whose values mean something else.`,
    "Score the scan that the picture was made from.",
  );
}
