import { duration, escapeHtml, HaleError, html, percent, significant } from "@hale/core";
import { RESEARCH_USE } from "@hale/detector";
import { describe, expect, it } from "vitest";
import { dotChart } from "./charts/dot-chart.ts";
import { thin } from "./charts/line-chart.ts";
import { maskOutline } from "./mask-outline.ts";
import { renderReport } from "./render-report.ts";
import type { CaseData, ReportData } from "./report-data.ts";
import { bareReport, reportFixture } from "./report-fixture.ts";

const full = reportFixture(1, 24, 24);
const text = renderReport(full);

/** A copy with every piece of text replaced, PNGs and colours apart. */
function poison(value: unknown, key: string, poisonous: string): unknown {
  if (typeof value === "string") return ["image", "picture", "healthy", "map"].includes(key) ? value : poisonous;
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => poison(item, key, poisonous));
  const entries = Object.entries(value).map(([name, item]) => [
    key === "values" ? poisonous + name : name,
    poison(item, name, poisonous),
  ]);
  return Object.fromEntries(entries);
}

/** What of a page matches, so that a failure prints a line and not the page. */
const matches = (page: string, pattern: RegExp) => Array.from(page.matchAll(pattern), (match) => match[0]);

function clearCounterparts(cases: readonly CaseData[]): void {
  for (const item of cases) Object.assign(item, { healthy: null, views: [] });
}

/** All tags of a document, as far as a lenient reader would see them. */
const tags = (page: string) => new Set(Array.from(page.matchAll(/<\/?([a-z!][^\s>/]*)/gi), (match) => match[1]));

describe("the report", () => {
  it("carries the notice at the top and the bottom", () => {
    expect(text.split(RESEARCH_USE)).toHaveLength(3);
    expect(renderReport(bareReport()).split(RESEARCH_USE)).toHaveLength(3);
  });

  it.each([
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `' onload='alert(1)`,
    "</style></title></svg><svg/onload=alert(1)>",
    "<!-- ]]> -->",
  ])("keeps %s as text wherever text can stand", (poisonous) => {
    const page = renderReport(poison(full, "", poisonous) as ReportData);
    expect(page.includes(poisonous)).toBe(false);
    expect(page.includes(escapeHtml(poisonous))).toBe(true);
    expect([...tags(page)].sort()).toEqual([...tags(text)].sort());
    const attributes = (of: string) => new Set(Array.from(of.matchAll(/\s([a-z-]+)="/gi), (match) => match[1]));
    expect([...attributes(page)].sort()).toEqual([...attributes(text)].sort());
  });

  it("needs no network and no script", () => {
    for (const page of [text, renderReport(bareReport())]) {
      expect(matches(page, /https?:|<script|<link|@import|javascript:|\son[a-z]+=/gi)).toEqual([]);
      const sources = Array.from(
        page.matchAll(/\b(?:src|href|xlink:href|action|srcset)="([^"]*)"/g),
        (match) => match[1],
      );
      expect(sources.filter((source) => !/^(data:image\/png;base64,|#)/.test(source))).toEqual([]);
      expect(
        Array.from(page.matchAll(/url\(([^)]*)\)/g), (match) => match[1]).filter((u) => !u.startsWith("#")),
      ).toEqual([]);
      expect(page).toContain("default-src &#39;none&#39;");
    }
  });

  it("gives every chart a name and a description, and every identifier once", () => {
    const ids = Array.from(text.matchAll(/\sid="([^"]*)"/g), (match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const named = Array.from(text.matchAll(/aria-labelledby="([^"]*)"/g), (match) => match[1].split(" ")).flat();
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
    expect(text.match(/<img /g)).toHaveLength(text.match(/<img [^>]*alt="[^"]+"/g)!.length);
    const anchors = Array.from(text.matchAll(/href="#([^"]*)"/g), (match) => match[1]);
    expect(anchors.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("renders without intervals, masks, threshold, curves or failures, and says what is missing", () => {
    const page = renderReport(bareReport());
    expect(page.includes("no interval: fewer than 10 clusters")).toBe(true);
    expect(page.includes("No threshold was set")).toBe(true);
    expect(matches(page, /Misses|False alarms|At every threshold/g)).toEqual([]);
    const flawless = structuredClone(full);
    flawless.cases.misses = { total: 0, shown: [] };
    expect(renderReport(flawless).includes("None: every abnormal image was above the threshold.")).toBe(true);
    expect(page.includes("The controls could not be measured")).toBe(true);
    for (const whole of [page, text]) {
      const words = whole.replace(/data:image[^"]*/g, "");
      expect(matches(words, /NaN|undefined|\[object|>null|Infinity/g)).toEqual([]);
    }
  });

  it("lists the parts of a score with their intervals, and only where there are some", () => {
    const section = text.match(/<section id="parts">[\s\S]*?<\/section>/)![0];
    for (const { name, auroc } of full.parts) {
      expect(section).toMatch(
        new RegExp(`${name}</th><td class="n">${auroc.estimate.toFixed(3)}</td><td>0\\.\\d+ to 0\\.\\d+`),
      );
    }
    expect(renderReport(bareReport())).not.toContain("By part of the score");
  });

  it("survives numbers that are none", () => {
    const broken = structuredClone(full);
    broken.headline.auroc = { estimate: Number.NaN, low: null, high: null };
    broken.training = {
      losses: [{ iteration: 1, values: { loss: Number.NaN } }],
      selection: { name: "s", points: [], chosen: 3 },
    };
    broken.scores = { normal: [Number.NaN], abnormal: [Number.POSITIVE_INFINITY] };
    broken.operatingPoint!.threshold = Number.POSITIVE_INFINITY;
    broken.operatingPoint!.sensitivity!.value = Number.NaN;
    broken.audit.controls![0].auroc.estimate = Number.NaN;
    const words = renderReport(broken).replace(/data:image[^"]*/g, "");
    expect(matches(words, /NaN|Infinity/g)).toEqual([]);
  });

  it("shows a method's views between image and counterpart, under their names", () => {
    const namesIn = (page: string) =>
      Array.from(page.match(/<div class="panels[\s\S]*?<figcaption>/)![0].matchAll(/<i>(.*?)<\/i>/g), ([, name]) =>
        name.replace(/<[^>]*>/g, ""),
      );
    expect(namesIn(text)).toEqual(["image", "proxy", "healthy counterpart", "anomaly map"]);
    expect(text).toContain(`alt="proxy of images/`);
    expect(namesIn(renderReport(bareReport()))).toEqual(["image", "healthy counterpart", "anomaly map"]);
  });

  it("speaks of no healthy counterpart where the method makes none", () => {
    const bare = structuredClone(full);
    bare.counterpart = false;
    bare.training = { losses: [], selection: null };
    const learnt = "one pass over 300 normals";
    Object.assign(bare.provenance, { method: "Neighbours", commands: [], learnt, checkpoint: null });
    for (const list of [bare.cases.mostAbnormal, bare.cases.leastAbnormal]) clearCounterparts(list);
    for (const part of [bare.cases.falseAlarms, bare.cases.misses]) clearCounterparts(part.shown);
    const page = renderReport(bare);
    expect(matches(page, /counterpart|proxy|between the two|restor|change at each pixel/gi)).toEqual([]);
    const names = Array.from(page.matchAll(/<i>(.*?)<\/i>/g), ([, name]) => name);
    expect(new Set(names)).toEqual(new Set(["image", "anomaly map"]));
    expect(names.filter((name) => name === "image")).toHaveLength(matches(page, /<figure class="case">/g).length);
    expect(matches(page, /<dt>(checkpoint|how it was picked|training)<\/dt><dd>[^<]*/g)).toEqual([
      expect.stringContaining("<dt>training</dt><dd>one pass over 300 normals in "),
    ]);
    expect(page).toContain("How unusual the method finds each place of the image");
    expect(page).toContain("Anomaly map: how unusual each place is, from 0");
    expect(text).toContain("Anomaly map: the change at each pixel, from 0");
  });

  it("reads PNGs as bytes and as base64 alike, and refuses anything else", () => {
    const asText = structuredClone(full);
    const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString("base64");
    for (const item of asText.cases.mostAbnormal) item.image = base64(item.image);
    expect(renderReport(asText) === text).toBe(true);
    for (const bad of ["data:text/html,x", `iVBORw0KGgo" onerror="x`, new Uint8Array([1, 2, 3]), ""]) {
      asText.cases.mostAbnormal[0].image = bad;
      expect(() => renderReport(asText)).toThrow(HaleError);
    }
  });

  it("warns when a trivial score does as well as the method, or well enough to suspect the data", () => {
    const confounded = structuredClone(full);
    const method = confounded.headline.auroc!.estimate;
    confounded.audit.controls![0].auroc = { estimate: method - 0.05, low: null, high: null };
    expect(renderReport(confounded).includes("The data may be confounded.")).toBe(true);
    confounded.audit.controls![0].auroc.estimate = method;
    expect(renderReport(confounded).includes("A trivial score does as well as the method.")).toBe(true);
    expect(matches(text, /may be confounded|as well as the method/g)).toEqual([]);
  });

  it("lists leaks, and admits when nobody looked", () => {
    const leaky = structuredClone(full);
    leaky.audit.leaks = Array.from({ length: 25 }, (_, i) => `a${i}.png is b${i}.png`);
    expect(renderReport(leaky).includes("25 leaks found.")).toBe(true);
    expect(renderReport(leaky).includes("and 5 more")).toBe(true);
    leaky.audit.leaks = null;
    expect(renderReport(leaky).includes("Nobody looked")).toBe(true);
  });

  it("states the operating point in words that match its counts", () => {
    const { counts } = full.operatingPoint!;
    expect(text.includes(`${counts.truePositive} were found and ${counts.falseNegative} were missed`)).toBe(true);
    expect(
      text.includes(`${counts.trueNegative} were left alone and ${counts.falsePositive} raised a false alarm`),
    ).toBe(true);
  });
});

describe("its parts", () => {
  it("escape text but not markup, and join lists", () => {
    expect(html`<p title="${'"'}">${["<", html`<b>${1}</b>`, null, false]}</p>`.text).toBe(
      `<p title="&quot;">&lt;<b>1</b></p>`,
    );
    expect(escapeHtml("a\u202eb\u0000")).toBe("a\ufffdb\ufffd");
  });

  it("outline a mask along pixel edges", () => {
    expect(maskOutline([0, 0, 0, 0, 255, 255, 0, 0, 0], 3, 3)).toEqual({
      path: "M1 1H3M1 2H3M1 1V2M3 1V2",
      width: 3,
      height: 3,
    });
    expect(maskOutline(new Uint8Array(9), 3, 3)).toBeNull();
  });

  it("thin long curves without moving their ends far", () => {
    const points = Array.from({ length: 10_000 }, (_, i) => ({ x: i, y: 2 * i }));
    const few = thin(points);
    expect(few).toHaveLength(400);
    expect(few[0].x).toBeLessThan(25);
    expect(few.every((p) => Math.abs(p.y - 2 * p.x) < 1e-6)).toBe(true);
    expect(thin([{ x: 1, y: Number.NaN }])).toEqual([]);
  });

  it("cut long names in charts", () => {
    const value = { estimate: 0.6, low: 0.2, high: 0.9 };
    const name = "a".repeat(80);
    const chart = dotChart({ id: "c", title: "t", rows: [{ name, value, strong: true }], suspicious: 0.7 }).text;
    expect(chart).toContain(`${"a".repeat(25)}…</text>`);
  });

  it("print numbers for people", () => {
    expect([percent(0.8768), percent(0.05), percent(1)]).toEqual(["87.7 %", "5 %", "100 %"]);
    expect([significant(0.0123456), significant(123456), significant(1e-7), significant(0)]).toEqual([
      "0.0123",
      "123000",
      "1.00e-7",
      "0",
    ]);
    expect([duration(3.25), duration(132), duration(8000)]).toEqual(["3.3 s", "2 min 12 s", "2 h 13 min"]);
  });
});
