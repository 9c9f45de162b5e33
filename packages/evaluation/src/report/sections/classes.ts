/** @file The result by kind of abnormality, by part of the score, and by pixel where lesions were outlined. */
import { count, fixed, html, type Markup, percent } from "@hale/core";
import { interval, proportion } from "../format.ts";
import { mapWord, word } from "../glossary.ts";
import type { ClassData, PixelData, ReportData } from "../report-data.ts";
import { table } from "../table.ts";

/** Fewer images than this say little about a kind. */
const FEW = 20;

export function classesSection(classes: readonly ClassData[]): Markup | null {
  if (classes.length === 0) return null;
  return html`<section id="classes"><h2>By kind of abnormality</h2>
<p>Each kind against all normal images. An average can hide a kind that is missed.</p>
${table({
  columns: [
    { name: "kind" },
    { name: "images", number: true },
    { name: "AUROC", number: true },
    { name: "interval" },
    { name: "above the threshold" },
  ],
  rows: classes.map((c) => [
    c.name,
    html`${c.images}${c.images < FEW && html` <small>(few)</small>`}`,
    c.auroc ? fixed(c.auroc.estimate) : "–",
    c.auroc ? interval(c.auroc) : "–",
    c.sensitivity ? proportion(c.sensitivity) : "–",
  ]),
})}</section>`;
}

export function partsSection(parts: ReportData["parts"]): Markup | null {
  if (parts.length === 0) return null;
  return html`<section id="parts"><h2>By part of the score</h2>
<p>What the score is made of, or could be, each by itself on the same test images. To look at: nothing was chosen by these figures.</p>
${table({
  columns: [{ name: "part" }, { name: "AUROC", number: true }, { name: "interval" }],
  rows: parts.map(({ name, auroc }) => [name, fixed(auroc.estimate), interval(auroc)]),
})}</section>`;
}

/** `counterpart` tells whether the method makes healthy counterparts. */
export function pixelsSection(pixels: PixelData | null, counterpart: boolean): Markup | null {
  if (!pixels) return null;
  const rows = [
    [
      html`Pixel ${word("AUROC")}`,
      fixed(pixels.auroc),
      "every pixel as a case; flattered by the many easy background pixels",
    ],
    [
      html`Pixel ${word("average precision")}`,
      fixed(pixels.averagePrecision),
      "stricter where lesions are small; guessing gives the share of lesion pixels",
    ],
    [
      html`Oracle ${word("Dice")}`,
      fixed(pixels.bestDice),
      "an oracle: at the map value that suits these very images best, so optimistic",
    ],
    [word("AUPRO"), fixed(pixels.aupro), `up to ${percent(pixels.auproLimit)} false pixels`],
  ] as const;
  return html`<section id="pixels"><h2>Where in the image</h2>
<p>How well the ${mapWord(counterpart)} agrees with the outlined lesions, on ${count(pixels.masked, "abnormal image")} with a mask and
${count(pixels.normals, "normal image")}, all of whose pixels count as normal.${
    pixels.unmasked > 0 && html` ${count(pixels.unmasked, "abnormal image")} without a mask took no part.`
  }</p>
<table><tbody>${rows.map(([name, value, note]) => html`<tr><th scope="row">${name}</th><td class="n">${value}</td><td><small>${note}</small></td></tr>`)}</tbody></table></section>`;
}
