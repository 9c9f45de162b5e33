/** @file Compares an image with the look of the training images that the card describes. */
import { type Description, PARTS, type Part } from "./description.ts";
import { type Distances, distancesOf, type Measures, measuresOf, type Usual } from "./measures.ts";
import { type DomainRecord, decodeGaussian } from "./record.ts";

/** What sets an image apart from the training images. */
export type DomainReason = "structure" | "fine texture" | "brightness values" | "colour" | "inverted" | "upside down";

/** Whether an image is like the training images. */
export interface DomainFinding {
  /** Whether it is unlike them: a decision then means nothing. */
  outside: boolean;
  /** The largest of its distances, each over its limit: above 1 is outside. */
  distance: number;
  /** What is unlike them; empty for an image that is not outside. */
  reasons: DomainReason[];
}

/** A comparison with what a card describes; the same for many images. */
export function domainCheck({
  usual: stored,
  medians,
  limits,
}: DomainRecord): (description: Description) => DomainFinding {
  const usual = Object.fromEntries(
    (Object.keys(PARTS) as Part[]).map((part) => [part, decodeGaussian(stored[part], PARTS[part])]),
  ) as Usual;
  return (description) => {
    const distances = distancesOf(usual, description);
    const measures = measuresOf(distances, medians);
    const names = Object.keys(limits) as (keyof Measures)[];
    const beyond = names.filter((name) => measures[name] > limits[name]);
    return {
      outside: beyond.length > 0,
      distance: Math.max(...names.map((name) => measures[name] / limits[name])),
      reasons: beyond.flatMap((name) => reasonsOf(name, distances, medians)),
    };
  };
}

/**
 * Of a volume by its slices: outside where more than half of them are, for the reasons that at least half of these share. The
 * slices at its ends are often unlike the others. Null where nothing was compared.
 */
export function domainOfSlices(slices: readonly (DomainFinding | null)[]): DomainFinding | null {
  const compared = slices.filter((slice) => slice !== null);
  if (compared.length === 0) return null;
  const beyond = compared.filter(({ outside }) => outside);
  const outside = beyond.length > compared.length / 2;
  const distances = compared.map(({ distance }) => distance).sort((a, b) => a - b);
  const distance = distances[distances.length >> 1];
  const all = [...new Set(beyond.flatMap(({ reasons }) => reasons))];
  const shared = all.filter((one) => beyond.filter(({ reasons }) => reasons.includes(one)).length >= beyond.length / 2);
  return { outside, distance, reasons: outside ? (shared.length > 0 ? shared : all) : [] };
}

/** Where structure and texture are too far together, the one that is farther, or both where they are nearly equal. */
function reasonsOf(
  name: keyof Measures,
  { structure, texture }: Distances,
  medians: DomainRecord["medians"],
): DomainReason[] {
  switch (name) {
    case "brightness":
      return ["brightness values"];
    case "colour":
      return ["colour"];
    case "inverted":
      return ["inverted"];
    case "upsideDown":
      return ["upside down"];
    case "appearance": {
      const parts = { structure: structure / medians.structure, "fine texture": texture / medians.texture };
      const most = Math.max(...Object.values(parts));
      return (Object.keys(parts) as (keyof typeof parts)[]).filter((part) => parts[part] > most / 1.5);
    }
  }
}

const WORDS: Record<DomainReason, string> = {
  structure: "its structure is unlike that of the training images",
  "fine texture": "its fine texture is unlike that of the training images",
  "brightness values": "its brightness values are unlike those of the training images",
  colour: "its colour is unlike that of the training images",
  inverted: "black and white seem to be exchanged",
  "upside down": "it seems to be upside down",
};

/** "outside what this detector knows: …", for people; null for an image that is inside, or where nothing was compared. */
export function domainWords(finding: DomainFinding | null): string | null {
  if (!finding?.outside) return null;
  return `outside what this detector knows: ${finding.reasons.map((reason) => WORDS[reason]).join("; ")}`;
}
