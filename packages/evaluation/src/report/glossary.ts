/** @file The words of the report, explained once: as tooltips where they stand, and as a list at the end. */
import { html, type Markup } from "@hale/core";

const WORDS = {
  AUROC:
    "Area under the receiver operating characteristic curve: the probability that a random abnormal image scores higher than a random normal one. 0.5 is guessing, 1 is perfect. It does not depend on a threshold.",
  "average precision":
    "Precision averaged over all sensitivities. Guessing gives the share of abnormal images, so compare it only between sets with the same share.",
  sensitivity: "Of the abnormal images, the share above the threshold.",
  specificity: "Of the normal images, the share not above the threshold.",
  "false-alarm rate": "Of the normal images, the share above the threshold: one minus the specificity.",
  threshold:
    "The score above which an image stands out from the normals. It was set on held-out normal images only; it is no diagnosis.",
  "p-value":
    "The share of held-out normal images with a score at least as high, the image itself counted among them. Small values are unusual for a normal image.",
  "needs review":
    "No decision: the image lies outside what the detector knows. It is counted neither as above the threshold nor as not above it.",
  interval:
    "A range that covers the true value in the stated share of repetitions, given this number of cases. It does not cover other hospitals, scanners or patients.",
  cluster: "Images that belong together, such as those of one patient. Intervals treat a cluster as one unit.",
  "healthy counterpart": "What the method believes the image would look like without disease.",
  proxy: "A version of the image without its detail, from which the healthy counterpart is made.",
  "anomaly map":
    "The difference between image and healthy counterpart at every pixel. It shows what the score is made of, and not the border of a lesion.",
  control:
    "A score that knows nothing of disease, such as mean brightness. Where it does well, the data are confounded.",
  Dice: "Overlap of marked and true lesion pixels: 0 none, 1 complete.",
  AUPRO:
    "Area under the curve of the mean overlap of each lesion region against the share of false pixels; small lesions count as much as large ones.",
} as const;

export type Word = keyof typeof WORDS;

/** Words that mean nothing in a report on a method without healthy counterparts. */
const OF_COUNTERPARTS: readonly string[] = ["healthy counterpart", "proxy"] satisfies Word[];

/** What an anomaly map is where there is no counterpart to compare with. */
const MAP_ALONE =
  "How unusual the method finds each place of the image, compared with the normal images it knows. It is not the border of a lesion.";

/** A word with its explanation as a tooltip; `text` where it is written otherwise. */
export const word = (name: Word, text: string = name): Markup => html`<abbr title="${WORDS[name]}">${text}</abbr>`;

/** The anomaly map with its explanation, which depends on whether the method makes healthy counterparts. */
export const mapWord = (counterpart: boolean): Markup =>
  counterpart ? word("anomaly map") : html`<abbr title="${MAP_ALONE}">anomaly map</abbr>`;

/** A name with its explanation if it is one of the words. */
export const nameWithMeaning = (name: string): Markup | string =>
  Object.hasOwn(WORDS, name) ? word(name as Word) : name;

/** The list at the end, which paper and touch screens need; of counterparts only where the method makes them. */
export function glossary(counterpart: boolean): Markup {
  const words = Object.entries(counterpart ? WORDS : { ...WORDS, "anomaly map": MAP_ALONE });
  const used = words.filter(([name]) => counterpart || !OF_COUNTERPARTS.includes(name));
  return html`<section id="words"><h2>Words used</h2><dl class="words">${used.map(
    ([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`,
  )}</dl></section>`;
}
