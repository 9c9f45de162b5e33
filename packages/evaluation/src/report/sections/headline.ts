/** @file The first thing to read: how well normal and abnormal were told apart, and what a threshold makes of it. */
import { count, fixed, html, type Markup, percent, percentRange, significant } from "@hale/core";
import { interval } from "../format.ts";
import { word } from "../glossary.ts";
import type { HeadlineData, IntervalData, OperatingPointData, ProportionData } from "../report-data.ts";

function area(title: Markup, data: IntervalData | null, level: number, meaning: string): Markup {
  if (!data || !Number.isFinite(data.estimate))
    return html`<div class="number">${title}<b class="none">not available</b></div>`;
  const range =
    data.low === null ? html`${interval(data)}` : html`${percent(level)} ${word("interval")} ${interval(data)}`;
  return html`<div class="number">${title}<b>${fixed(data.estimate)}</b><span>${range}</span><span>${meaning}</span></div>`;
}

function share(title: Markup, data: ProportionData | null, level: number, none: string): Markup {
  if (!data || !Number.isFinite(data.value))
    return html`<div class="number">${title}<b class="none">not available</b><span>${none}</span></div>`;
  return html`<div class="number">${title}<b>${percent(data.value)}</b>
<span>${percent(level)} ${word("interval")} ${percentRange(data.low, data.high)}</span>
<span>${data.successes} of ${data.trials} images</span></div>`;
}

/** The four numbers and what they rest on. */
export function headlineSection(headline: HeadlineData, point: OperatingPointData | null): Markup {
  const { auroc, averagePrecision, level, normal, abnormal, clusters, clusterName, caution } = headline;
  const guessing = normal + abnormal > 0 ? `guessing would give ${fixed(abnormal / (normal + abnormal))}` : "";
  return html`<section id="result"><h2>Result</h2>
<div class="numbers">
${area(word("AUROC"), auroc, level, "guessing would give 0.500")}
${area(word("average precision", "Average precision"), averagePrecision, level, guessing)}
${share(word("sensitivity", "Sensitivity"), point?.sensitivity ?? null, level, point ? "no abnormal images" : "no threshold was set")}
${share(word("specificity", "Specificity"), point?.specificity ?? null, level, point ? "no normal images" : "no threshold was set")}
</div>
<p>Measured on ${count(normal, "normal image")} and ${count(abnormal, "abnormal image")} of the test part,
in ${count(clusters, "cluster")} (${clusterName}). ${
    auroc &&
    Number.isFinite(auroc.estimate) &&
    html`If one normal and one abnormal image are drawn at random, the abnormal one scores higher about
${Math.round(auroc.estimate * 100)} times in 100.`
  }</p>
${caution && html`<p class="warning">${caution}</p>`}
</section>`;
}

/** The operating point in sentences for a clinician, and the table of confusions for everyone. */
export function operatingPointSection(point: OperatingPointData | null, level: number): Markup {
  if (!point) {
    return html`<section id="threshold"><h2>At the threshold</h2>
<p>No threshold was set, so images have a score but no decision.</p></section>`;
  }
  const { counts, sensitivity, specificity } = point;
  const abnormal = counts.truePositive + counts.falseNegative;
  const normal = counts.trueNegative + counts.falsePositive;
  const own =
    point.low !== null && point.high !== null
      ? html` (with that many normals, its true rate lies between ${percentRange(point.low, point.high)}, ${percent(level)} ${word("interval")})`
      : null;
  return html`<section id="threshold"><h2>At the threshold</h2>
<p class="sentence">The ${word("threshold")} of ${significant(point.threshold)} was set on ${count(point.normals, "held-out normal image")}
so that, on average, at most ${percent(point.falseAlarmRate)} of normal images raise a ${word("false-alarm rate", "false alarm")}${own}.
${sensitivity && html`Of ${count(abnormal, "abnormal image")} in the test, ${counts.truePositive} were found and ${counts.falseNegative} were missed.`}
${specificity && html`Of ${count(normal, "normal image")}, ${counts.trueNegative} were left alone and ${counts.falsePositive} raised a false alarm.`}
${point.needsReview > 0 && html`${count(point.needsReview, "image")} more ${point.needsReview === 1 ? "needs" : "need"} review: ${point.needsReview === 1 ? "it is" : "they are"} counted in neither.`}
</p>
<table><caption>Images by label and decision</caption>
<thead><tr><td></td><th class="n">above the threshold</th><th class="n">not above</th><th class="n">in all</th></tr></thead>
<tbody><tr><th scope="row">abnormal</th><td class="n">${counts.truePositive}</td><td class="n">${counts.falseNegative} missed</td><td class="n">${abnormal}</td></tr>
<tr><th scope="row">normal</th><td class="n">${counts.falsePositive} false alarms</td><td class="n">${counts.trueNegative}</td><td class="n">${normal}</td></tr></tbody></table>
<p><small>Intervals of sensitivity and specificity are exact (Clopper–Pearson). In practice abnormal images are rarer than here, so an image
above the threshold is abnormal less often than this table suggests.</small></p>
${point.caution && html`<p class="warning">${point.caution}</p>`}
</section>`;
}
