/**
 * @file A whole data set of phantoms: known normals and an unlabelled mix to train on, held-out normals for the
 * threshold, and a labelled test part. Every person gives two slices and stays within one split, as a careful data set
 * of patients would have it.
 */
import { HaleError } from "@hale/core";
import { LESION_KINDS } from "./lesion.ts";
import { type Phantom, phantom } from "./phantom.ts";
import { hashSeed } from "./random.ts";

/** How many images each part has. */
export interface PhantomCounts {
  /** Known normals to train on. */
  trainNormal: number;
  /** Unlabelled images to train on. */
  unlabelled: number;
  /** Share of abnormal images hidden among the unlabelled, 0..1. */
  unlabelledAbnormalShare: number;
  /** Held-out normals: selection of checkpoints, threshold and scale. */
  valNormal: number;
  testNormal: number;
  testAbnormal: number;
}

/** The demo's size: minutes of CPU. */
export const DEMO_COUNTS: PhantomCounts = {
  trainNormal: 800,
  unlabelled: 800,
  unlabelledAbnormalShare: 0.6,
  valNormal: 100,
  testNormal: 100,
  testAbnormal: 100,
};

export interface PhantomSetOptions {
  seed: number;
  /** Side of the images in pixels. */
  size: number;
  counts?: Partial<PhantomCounts>;
}

/** One image of the set with what a data set's table says of it. */
export interface PhantomItem extends Phantom {
  /** Unique within the set; also a good file name. */
  name: string;
  /** 0 normal, 1 abnormal, null unlabelled. */
  label: 0 | 1 | null;
  /** Kind of abnormality where it is known: empty for unlabelled images, whose `kind` no method may see. */
  class: "" | Phantom["kind"];
  split: "train" | "val" | "test";
  /** Identifies the person; one person's images share it. */
  patient: string;
}

interface Part {
  name: string;
  label: PhantomItem["label"];
  split: PhantomItem["split"];
  normal: number;
  abnormal: number;
}

const SLICES_PER_PERSON = 2;

/**
 * Draws a set; the same options always give the same pixels. Kinds of lesion take turns, so each has a third.
 * @throws HaleError `OPTION_INVALID` if a count cannot be used.
 */
export function phantomSet(options: PhantomSetOptions): PhantomItem[] {
  const counts = { ...DEMO_COUNTS, ...options.counts };
  for (const [name, value] of Object.entries(counts)) {
    const isShare = name === "unlabelledAbnormalShare";
    if (!(value >= 0) || (isShare ? value > 1 : !Number.isInteger(value))) {
      const remedy = isShare ? "Use a number from 0 to 1." : "Use a whole number, 0 or more.";
      throw new HaleError("OPTION_INVALID", `counts.${name} is ${value}.`, remedy);
    }
  }
  const hidden = Math.round(counts.unlabelled * counts.unlabelledAbnormalShare);
  const parts: Part[] = [
    { name: "normal", label: 0, split: "train", normal: counts.trainNormal, abnormal: 0 },
    { name: "mix", label: null, split: "train", normal: counts.unlabelled - hidden, abnormal: hidden },
    { name: "held", label: 0, split: "val", normal: counts.valNormal, abnormal: 0 },
    { name: "test-n", label: 0, split: "test", normal: counts.testNormal, abnormal: 0 },
    { name: "test-a", label: 1, split: "test", normal: 0, abnormal: counts.testAbnormal },
  ];
  let people = 0;
  return parts.flatMap((part, partIndex) => {
    const total = part.normal + part.abnormal;
    const firstPerson = people;
    people += Math.ceil(total / SLICES_PER_PERSON);
    return Array.from({ length: total }, (_, i): PhantomItem => {
      const person = firstPerson + Math.floor(i / SLICES_PER_PERSON);
      // Spread the abnormal evenly through the part, so that no order of files tells them from the normal.
      const before = Math.floor((i * part.abnormal) / total);
      const abnormal = Math.floor(((i + 1) * part.abnormal) / total) > before;
      const lesion = abnormal ? LESION_KINDS[before % LESION_KINDS.length] : undefined;
      const drawn = phantom(hashSeed(options.seed, partIndex, i), {
        size: options.size,
        lesion,
        person: hashSeed(options.seed, 1_000_003, person),
      });
      return {
        ...drawn,
        name: `${part.name}-${String(i + 1).padStart(4, "0")}`,
        label: part.label,
        class: part.label === null ? "" : drawn.kind,
        split: part.split,
        patient: `person-${String(person + 1).padStart(4, "0")}`,
      };
    });
  });
}
