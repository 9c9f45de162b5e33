/**
 * @file All test images in one table: what each scored, what was decided, and whether that is right. The page's script
 * sorts and filters the rows and turns them in pages; without it the first rows stand there, the highest score first.
 */
import { count, html, type Markup, significant } from "@hale/core";
import { word } from "../glossary.ts";
import type { ImageRowData } from "../report-data.ts";

/** Most rows of the table, which bounds the page to a few megabytes. */
const MOST_ROWS = 10_000;

/** Rows that stand in the table from the start. A browser lays out a table of thousands for seconds, so the rest waits. */
const LAID_OUT = 500;

/** Where there are too many: what deserves a look first, in the order of the scores. */
function chosen(images: readonly ImageRowData[]): readonly ImageRowData[] {
  if (images.length <= MOST_ROWS) return images;
  const plain = ({ verdict }: ImageRowData) => verdict === "right";
  const kept = new Set([...images.filter((row) => !plain(row)), ...images.filter(plain)].slice(0, MOST_ROWS));
  return images.filter((row) => kept.has(row));
}

/** Three digits with their zeros, so that numbers in a column compare. */
function digits(value: number): string {
  const [short, precise] = [significant(value), value.toPrecision(3)];
  return Number(precise) === Number(short) && !precise.includes("e") ? precise : short;
}

function choice(name: string, title: string, values: readonly (string | null)[]): Markup {
  const found = [...new Set(values)].filter((value) => value !== null).sort();
  const all = found.length > 1 ? found : [];
  return html`<label${all.length === 0 && html` hidden`}>${title} <select id="filter-${name}"><option value="">all</option>${all.map(
    (value) => html`<option>${value}</option>`,
  )}</select></label>`;
}

/** `examples` has the identifiers of the cases that are shown with pictures, by path. */
export function imagesSection(images: readonly ImageRowData[], examples: ReadonlyMap<string, string>): Markup | null {
  if (images.length === 0) return null;
  const rows = chosen(images);
  const file = (path: string) => {
    const id = examples.get(path);
    return id === undefined ? path : html`<a href="#${id}">${path}</a>`;
  };
  const row = (of: ImageRowData) =>
    html`<tr${of.verdict !== null && of.verdict !== "right" && html` class="wrong"`}><th scope="row">${file(of.path)}</th><td>${of.label}</td><td>${of.class || "–"}</td><td class="n">${digits(of.score)}</td><td class="n">${of.pValue === null ? "–" : significant(of.pValue)}</td><td data-value="${of.decision ?? "–"}">${of.decision ?? "–"}${of.reason !== null && html`<small>${of.reason}</small>`}</td><td>${of.verdict ?? "–"}</td></tr>\n`;
  const falling = rows.every(({ score }, i) => i === 0 || score <= rows[i - 1].score);
  const left = images.length - rows.length;
  return html`<section id="images"><h2>All test images</h2>
<p>${count(images.length, "labelled image")} of the test part. Names that are links lead to the image's pictures above.${
    left > 0 &&
    html` The table holds ${count(rows.length, "row")}: all that were not decided rightly, as far as they fit, then the highest scores; ${count(left, "image")} with lower scores are left out.`
  }</p>
<div class="filters" id="image-filters" hidden><label>File contains <input type="search" id="filter-file" autocomplete="off" spellcheck="false"></label>
${choice(
  "label",
  "Label",
  rows.map((row) => row.label),
)}
${choice(
  "decision",
  "Decision",
  rows.map((row) => row.decision),
)}
${choice(
  "verdict",
  "Right or wrong",
  rows.map((row) => row.verdict),
)}</div>
<p class="soft" id="image-status" role="status">${
    rows.length > LAID_OUT ? `The first ${LAID_OUT} of ${count(rows.length, "image")}` : count(rows.length, "image")
  }, ${!falling && "what needs review first, then "}the highest score first</p>
<table id="image-table"><thead><tr><th scope="col" data-sort="text">file</th><th scope="col" data-sort="text">label</th>
<th scope="col" data-sort="text">kind</th><th scope="col" class="n" data-sort="number"${falling && html` aria-sort="descending"`}>score</th>
<th scope="col" class="n" data-sort="number">${word("p-value")}</th><th scope="col" data-sort="text">decision</th>
<th scope="col" data-sort="text">right?</th></tr></thead><tbody>
${rows.slice(0, LAID_OUT).map(row)}</tbody></table>
<template id="image-rest"><table><tbody>${rows.slice(LAID_OUT).map(row)}</tbody></table></template>
<p class="pager" id="image-pager" hidden><button type="button">Earlier rows</button> <button type="button">Later rows</button></p>
</section>`;
}
