/** @file A card as a page: one file that loads nothing, in light and dark. */
import { count, html, Markup, PAGE_COLOURS, significant } from "@hale/core";
import { type Card, INTENDED_USE } from "../format/card.ts";
import { factsOf } from "./facts.ts";

const STYLE = new Markup(
  `${PAGE_COLOURS}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.5rem 3rem;max-width:54rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem;padding-top:.7rem;border-top:1px solid var(--rule)}
p{margin:.3rem 0}
.soft,dt,figcaption{color:var(--soft)}
.notice{background:var(--warn-back);border-left:5px solid var(--warn-rule);padding:.6rem 1rem;margin:1rem 0;font-weight:600}
dl{display:grid;grid-template-columns:minmax(8rem,15rem) minmax(0,1fr);gap:.3rem 1.4rem;margin:0}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
@media (max-width:34rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
figure{margin:1.2rem 0 0;max-width:34rem}
svg{display:block;width:100%;height:auto}
rect{fill:var(--accent)}
line{stroke:var(--rule)}
line.threshold{stroke:var(--other);stroke-width:1.5}
text{fill:var(--soft);font-size:11px}
text.threshold{fill:var(--other)}
figcaption{font-size:.9rem}
@media print{:root{--paper:#fff;--ink:#000}}`.replace(/\n/g, ""),
);

/** An HTML document; `name` is the detector's file. Nothing that a card's maker wrote becomes markup. */
export function cardPage(card: Card, name: string): string {
  const sections = factsOf(card).map(
    ({ title, facts }) => html`<section><h2>${title}</h2>
<dl>${facts.map(([fact, value]) => html`<dt>${fact}</dt><dd>${value}</dd>`)}</dl>
${title === "Decision" && card.normalScores.length > 1 && histogram(card)}</section>
`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}</title><style>${STYLE}</style></head>
<body><h1>${name}</h1>
<p class="soft">A detector of hale: ${card.method.title}, trained on ${card.dataset.name}.</p>
<p class="notice">${card.notice}</p>
<p class="soft">${INTENDED_USE}</p>
${sections}</body></html>
`.text;
}

const [WIDTH, HEIGHT, BARS] = [480, 130, 24];
const MARGIN = { side: 8, top: 18, bottom: 20 };

/** How the scores of held-out normals lie, and where the threshold is among them. */
function histogram({ normalScores: scores, threshold }: Card): Markup {
  const [low, high] = [scores[0], scores[scores.length - 1]];
  const span = high > low ? high - low : 1;
  const bars = new Array<number>(BARS).fill(0);
  for (const score of scores) bars[Math.min(BARS - 1, Math.floor(((score - low) / span) * BARS))]++;
  const most = bars.reduce((a, b) => Math.max(a, b));
  const wide = WIDTH - 2 * MARGIN.side;
  const base = HEIGHT - MARGIN.bottom;
  const x = (score: number) => round(MARGIN.side + ((score - low) / span) * wide);
  const rects = bars.map((n, i) => {
    const tall = (n / most) * (base - MARGIN.top);
    return html`<rect x="${round(MARGIN.side + (i / BARS) * wide + 0.5)}" y="${round(base - tall)}" width="${round(wide / BARS - 1)}" height="${round(tall)}"/>`;
  });
  const at = threshold && x(threshold.value);
  const anchor = at !== null && at > WIDTH / 2 ? "end" : "start";
  const mark =
    threshold &&
    html`<line class="threshold" x1="${at}" x2="${at}" y1="${MARGIN.top - 4}" y2="${base}"/>
<text class="threshold" x="${at}" y="11" text-anchor="${anchor}">threshold ${significant(threshold.value)}</text>`;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Histogram of the scores of held-out normals">
${rects}<line x1="${MARGIN.side}" x2="${WIDTH - MARGIN.side}" y1="${base}" y2="${base}"/>${mark}
<text x="${MARGIN.side}" y="${HEIGHT - 5}">${significant(low)}</text>
<text x="${WIDTH - MARGIN.side}" y="${HEIGHT - 5}" text-anchor="end">${significant(high)}</text></svg>
<figcaption>Scores of ${count(scores.length, "held-out normal image")}. A new image is ranked among them.</figcaption></figure>`;
}

const round = (value: number) => Math.round(value * 10) / 10;
