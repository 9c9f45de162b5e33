/** @file Single test images as the report shows them: some with their pictures, and all in a table. */
import { type Detector, decisionWords, domainWords, inOrderOfReview, mapPng, picturePng } from "@hale/detector";
import { maskOutline } from "../report/mask-outline.ts";
import type { CaseData, ImageRowData, ReportData } from "../report/report-data.ts";
import type { EvaluatedCase } from "./evaluate.ts";

type Card = Detector["card"];

/** Cases shown of each kind. */
const SHOWN = 6;

/** Every labelled test image: what needs review first, then by falling score. */
export function imageRows(cases: readonly EvaluatedCase[], card: Card): ImageRowData[] {
  return [...cases]
    .sort((a, b) => inOrderOfReview(a.finding, b.finding))
    .map(({ item, label, finding }) => ({
      path: item.path,
      label: label === 1 ? "abnormal" : "normal",
      class: item.class === "normal" || item.class === "abnormal" ? "" : item.class,
      score: finding.score,
      pValue: finding.pValue,
      // The reason stands by itself, so that the table can be filtered by decision.
      decision: finding.decision === "needs review" ? finding.decision : decisionWords(card, finding.decision),
      reason: domainWords(finding.domain ?? null),
      verdict: verdictOf(label, finding.decision),
    }));
}

function verdictOf(label: 0 | 1, decision: EvaluatedCase["finding"]["decision"]): ImageRowData["verdict"] {
  if (decision === null) return null;
  if (decision === "needs review") return decision;
  if ((decision === "above") === (label === 1)) return "right";
  return label === 1 ? "miss" : "false alarm";
}

/** Those with the highest and lowest scores, and those decided wrongly, the worst first. */
export function casesData(cases: readonly EvaluatedCase[], card: Card): ReportData["cases"] {
  const byScore = [...cases].sort((a, b) => b.finding.score - a.finding.score);
  const show = (list: readonly EvaluatedCase[]) => list.slice(0, SHOWN).map((one) => caseData(one, card));
  const falseAlarms = byScore.filter(({ label, finding }) => label === 0 && finding.decision === "above");
  const misses = byScore.filter(({ label, finding }) => label === 1 && finding.decision === "not above").reverse();
  const unknown = byScore.filter(({ finding }) => finding.decision === "needs review");
  return {
    needsReview: { total: unknown.length, shown: show(unknown) },
    mostAbnormal: show(byScore),
    leastAbnormal: show([...byScore].reverse()),
    falseAlarms: { total: falseAlarms.length, shown: show(falseAlarms) },
    misses: { total: misses.length, shown: show(misses) },
  };
}

function caseData({ item, label, finding, mask }: EvaluatedCase, card: Card): CaseData {
  const { width, height } = finding.anomalyMap;
  return {
    path: item.path,
    score: finding.score,
    decision: decisionWords(card, finding.decision, false, finding.domain),
    label: label === 0 ? "normal" : item.class && item.class !== "abnormal" ? `abnormal (${item.class})` : "abnormal",
    image: picturePng(finding.prepared),
    views: Object.entries(finding.views).map(([name, view]) => ({ name, picture: picturePng(view) })),
    healthy: finding.healthy && picturePng(finding.healthy),
    map: mapPng(finding.anomalyMap, card),
    outline: mask ? maskOutline(mask, width, height) : null,
  };
}
