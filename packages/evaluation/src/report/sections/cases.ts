/**
 * @file Single images beside their anomaly maps and, where the method makes them, healthy counterparts. All maps share one absolute scale and one
 * legend, so that a calm map is calm in every panel.
 */

import { count, html, type Markup, significant } from "@hale/core";
import { scaleLinear } from "d3-scale";
import { mapWord, nameWithMeaning, word } from "../glossary.ts";
import { pngSource } from "../png-source.ts";
import type { CaseData, CasesData, LegendData, OutlineData, PngData } from "../report-data.ts";

function legend({ maximum, origin, stops }: LegendData, counterpart: boolean): Markup {
  const [left, width, top, height] = [12, 396, 2, 14];
  const x = scaleLinear([0, maximum], [left, left + width]);
  const ticks = x.ticks(5);
  return html`<figure class="legend"><svg role="img" aria-labelledby="legend-title" viewBox="0 0 420 38" class="chart">
<title id="legend-title">Colours of the anomaly maps, from 0 to ${significant(maximum)}</title>
<defs><linearGradient id="legend-colours">${stops.map(
    (colour, i) => html`<stop offset="${stops.length > 1 ? i / (stops.length - 1) : 0}" stop-color="${colour}"/>`,
  )}</linearGradient></defs>
<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="url(#legend-colours)"/>
<g class="ticks">${ticks.map(
    (t) => html`<line class="base" x1="${x(t)}" x2="${x(t)}" y1="${top + height}" y2="${top + height + 4}"/>
<text x="${x(t)}" y="${top + height + 17}" text-anchor="middle">${significant(t)}</text>`,
  )}</g></svg>
<figcaption>Anomaly map: ${counterpart ? "the change at each pixel" : "how unusual each place is"}, from 0 to ${significant(maximum)} and above. The scale is the same for every panel and comes from ${origin}.</figcaption></figure>`;
}

function outlineOver(outline: OutlineData | null | undefined): Markup | null {
  if (!outline) return null;
  return html`<svg viewBox="0 0 ${outline.width} ${outline.height}" preserveAspectRatio="none" aria-hidden="true">
<path class="outline-back" d="${outline.path}"/><path class="outline" d="${outline.path}"/></svg>`;
}

/** Where a case stands the first time; the table of all images leads there. */
export function caseIds({
  needsReview,
  misses,
  falseAlarms,
  mostAbnormal,
  leastAbnormal,
}: CasesData): Map<CaseData, string> {
  const ids = new Map<CaseData, string>();
  const seen = new Set<string>();
  for (const item of [...needsReview.shown, ...misses.shown, ...falseAlarms.shown, ...mostAbnormal, ...leastAbnormal]) {
    if (seen.has(item.path)) continue;
    seen.add(item.path);
    ids.set(item, `case-${seen.size}`);
  }
  return ids;
}

function caseFigure(item: CaseData, wrong: boolean, id: string | undefined): Markup {
  const panel = (picture: PngData, name: string, outline: Markup | null = null, caption: Markup | string = name) =>
    html`<span class="panel"><span><img src="${pngSource(picture)}" alt="${name} of ${item.path}">${outline}</span><i>${caption}</i></span>`;
  const outline = outlineOver(item.outline);
  const count = 2 + item.views.length + (item.healthy === null ? 0 : 1);
  return html`<figure class="case"${id !== undefined && html` id="${id}"`}><button type="button" class="panels" data-panels="${count}" aria-haspopup="dialog" aria-label="Enlarge ${item.path}">
${panel(item.image, "image", outline)}${item.views.map(({ name, picture }) => panel(picture, name, null, nameWithMeaning(name)))}
${item.healthy !== null && panel(item.healthy, "healthy counterpart")}${panel(item.map, "anomaly map", outline)}</button>
<figcaption><b>${significant(item.score)}</b> · ${item.label}
${item.decision !== null && html`<span class="decision${wrong && " wrong"}">${item.decision}</span>`}
<span class="path">${item.path}</span></figcaption></figure>`;
}

/** The large view, which the page's script fills: all pictures of one case side by side. */
export const viewer = html`<dialog id="viewer" aria-labelledby="viewer-title"><div class="sheet"><div class="bar"><h2 id="viewer-title">Pictures of one case</h2>
<span class="soft" data-part="place"></span><label><input type="checkbox" data-part="outline" checked> Outline of the mask</label>
<span class="buttons"><button type="button" data-part="back" aria-label="Case before">←</button>
<button type="button" data-part="onward" aria-label="Case after">→</button>
<button type="button" data-part="close" autofocus>Close</button></span></div>
<div class="panels" data-part="panels"></div><p data-part="caption" aria-live="polite"></p></div></dialog>`;

function group(
  title: string,
  note: string,
  items: readonly CaseData[],
  none: string,
  of: { ids: ReadonlyMap<CaseData, string>; wrong?: boolean },
): Markup {
  return html`<h3>${title}</h3>${
    items.length === 0
      ? html`<p class="soft">${none}</p>`
      : html`<p class="soft">${note}</p><div class="cases">${items.map((item) => caseFigure(item, of.wrong ?? false, of.ids.get(item)))}</div>`
  }`;
}

export interface CasesContext {
  /** Whether a threshold was set; without one there are neither misses nor false alarms. */
  decided: boolean;
  /** Whether the method makes healthy counterparts. */
  counterpart: boolean;
}

export function casesSection(cases: CasesData, scale: LegendData, { decided, counterpart }: CasesContext): Markup {
  const { needsReview, mostAbnormal, leastAbnormal, falseAlarms, misses } = cases;
  const ids = caseIds(cases);
  const shown = (part: { total: number; shown: readonly unknown[] }) =>
    part.shown.length < part.total ? `${part.shown.length} of ${part.total} shown.` : `All ${part.total} shown.`;
  const outlined = [
    ...needsReview.shown,
    ...mostAbnormal,
    ...leastAbnormal,
    ...falseAlarms.shown,
    ...misses.shown,
  ].some((c) => c.outline);
  return html`<section id="cases"><h2>Cases</h2>
<p>${
    counterpart
      ? html`Each image beside its ${word("healthy counterpart")} and the ${mapWord(true)} between the two, with its score.`
      : html`Each image beside its ${mapWord(false)}, with its score.`
  } <span class="on-screen">Any of them can be enlarged.</span>
${outlined && "The pale blue line is the border of the lesion mask; the method did not see it."}</p>
${legend(scale, counterpart)}
${needsReview.total > 0 && group("Needs review", `Outside what the detector knows, so that their scores mean little. ${shown(needsReview)}`, needsReview.shown, "No images to show.", { ids })}
${
  decided &&
  html`${group("Misses", `Abnormal images that are not above the threshold. ${shown(misses)}`, misses.shown, misses.total > 0 ? `${count(misses.total, "miss", "misses")}, none shown.` : "None: every abnormal image is above the threshold.", { ids, wrong: true })}
${group("False alarms", `Normal images above the threshold. ${shown(falseAlarms)}`, falseAlarms.shown, falseAlarms.total > 0 ? `${count(falseAlarms.total, "false alarm")}, none shown.` : "None: no normal image is above the threshold.", { ids, wrong: true })}`
}
${group("Most abnormal", "The highest scores of the test.", mostAbnormal, "No images to show.", { ids })}
${group("Least abnormal", "The lowest scores of the test.", leastAbnormal, "No images to show.", { ids })}
</section>`;
}
