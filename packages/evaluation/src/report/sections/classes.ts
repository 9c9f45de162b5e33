/** @file The result by kind of abnormality, by part of the score, and by pixel where lesions were outlined. */
import { count, fixed, html, type Markup, percent } from "@hale/core";
import { interval, proportion } from "../format.ts";
import { mapWord, word } from "../glossary.ts";
import type { ClassData, PixelData, ReportData } from "../report-data.ts";

/** Fewer images than this say little about a kind. */
const FEW = 20;

export function classesSection(classes: readonly ClassData[]): Markup | null {
  if (classes.length === 0) return null;
  return html`<section id="classes"><h2>By kind of abnormality</h2>
<p>Each kind against all normal images. An average can hide a kind that is missed.</p>
<div class="wide" tabindex="0" role="region" aria-label="Table of kinds"><table><thead><tr><th>kind</th><th class="n">images</th><th class="n">AUROC</th><th>interval</th><th>above the threshold</th></tr></thead>
<tbody>${classes.map(
    (
      c,
    ) => html`<tr><th scope="row">${c.name}</th><td class="n">${c.images}${c.images < FEW && html` <small>(few)</small>`}</td>
<td class="n">${c.auroc ? fixed(c.auroc.estimate) : "–"}</td><td>${c.auroc ? interval(c.auroc) : "–"}</td>
<td>${c.sensitivity ? proportion(c.sensitivity) : "–"}</td></tr>`,
  )}</tbody></table></div></section>`;
}

export function partsSection(parts: ReportData["parts"]): Markup | null {
  if (parts.length === 0) return null;
  return html`<section id="parts"><h2>By part of the score</h2>
<p>What the score is made of, or could be, each by itself on the same test images. To look at: nothing was chosen by these figures.</p>
<div class="wide" tabindex="0" role="region" aria-label="Table of parts"><table><thead><tr><th>part</th><th class="n">AUROC</th><th>interval</th></tr></thead>
<tbody>${parts.map(
    ({ name, auroc }) =>
      html`<tr><th scope="row">${name}</th><td class="n">${fixed(auroc.estimate)}</td><td>${interval(auroc)}</td></tr>`,
  )}</tbody></table></div></section>`;
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
      html`Best ${word("Dice")}`,
      fixed(pixels.bestDice),
      "at the map value that suits these images best, so optimistic",
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
