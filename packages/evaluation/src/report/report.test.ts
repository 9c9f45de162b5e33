import { createHash } from "node:crypto";
import { duration, escapeHtml, HaleError, html, percent, significant } from "@hale/core";
import { RESEARCH_USE } from "@hale/detector";
import { describe, expect, it } from "vitest";
import { dotChart } from "./charts/dot-chart.ts";
import { meansOfStretches, withinUnit } from "./charts/thin.ts";
import { maskOutline } from "./mask-outline.ts";
import { renderReport } from "./render-report.ts";
import type { CaseData, ControlData, ReportData } from "./report-data.ts";
import { bareReport, reportFixture } from "./report-fixture.ts";

const full = reportFixture(1, 24, 24);
const text = await renderReport(full);

/** A copy with every piece of text replaced, PNGs and colours apart. */
function poison(value: unknown, key: string, poisonous: string): unknown {
  if (typeof value === "string") return ["image", "picture", "healthy", "map"].includes(key) ? value : poisonous;
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => poison(item, key, poisonous));
  const entries = Object.entries(value).map(([name, item]) => [name, poison(item, name, poisonous)]);
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
  it("carries the notice at the top and the bottom", async () => {
    expect(text.split(RESEARCH_USE)).toHaveLength(3);
    expect((await renderReport(bareReport())).split(RESEARCH_USE)).toHaveLength(3);
  });

  it.each([
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `' onload='alert(1)`,
    "</style></title></svg><svg/onload=alert(1)>",
    "<!-- ]]> -->",
  ])("keeps %s as text wherever text can stand", async (poisonous) => {
    const page = await renderReport(poison(full, "", poisonous) as ReportData);
    expect(page.includes(poisonous)).toBe(false);
    expect(page.includes(escapeHtml(poisonous))).toBe(true);
    expect([...tags(page)].sort()).toEqual([...tags(text)].sort());
    const attributes = (of: string) => new Set(Array.from(of.matchAll(/\s([a-z-]+)="/gi), (match) => match[1]));
    expect([...attributes(page)].sort()).toEqual([...attributes(text)].sort());
  });

  it("loads nothing, and allows only its own style sheet and its own script", async () => {
    const hash = (body: string) => `sha256-${createHash("sha256").update(body).digest("base64")}`;
    for (const page of [text, await renderReport(bareReport())]) {
      expect(matches(page, /https?:|<link|@import|javascript:|\son[a-z]+=|\sstyle=|<script\s/gi)).toEqual([]);
      const sources = Array.from(
        page.matchAll(/\b(?:src|href|xlink:href|action|srcset)="([^"]*)"/g),
        (match) => match[1],
      );
      expect(sources.filter((source) => !/^(data:image\/png;base64,|#)/.test(source))).toEqual([]);
      expect(
        Array.from(page.matchAll(/url\(([^)]*)\)/g), (match) => match[1]).filter((u) => !u.startsWith("#")),
      ).toEqual([]);
      const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)![1].replaceAll("&#39;", "'");
      const script = page.match(/<script>([\s\S]*?)<\/script>/)![1];
      const style = page.match(/<style>([\s\S]*?)<\/style>/)![1];
      expect(policy).toBe(
        `default-src 'none'; img-src data:; style-src '${hash(style)}'; script-src '${hash(script)}'; base-uri 'none'; form-action 'none'`,
      );
      expect(() => new Function(script)).not.toThrow();
    }
  });

  it("gives every chart a name and a description, and every identifier once", async () => {
    const ids = Array.from(text.matchAll(/\sid="([^"]*)"/g), (match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const named = Array.from(text.matchAll(/aria-labelledby="([^"]*)"/g), (match) => match[1].split(" ")).flat();
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
    expect(text.match(/<img /g)).toHaveLength(text.match(/<img [^>]*alt="[^"]+"/g)!.length);
    const anchors = Array.from(text.matchAll(/href="#([^"]*)"/g), (match) => match[1]);
    expect(anchors.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("renders without intervals, masks, threshold, curves or failures, and says what is missing", async () => {
    const page = await renderReport(bareReport());
    expect(page.includes("no interval: fewer than 10 clusters")).toBe(true);
    expect(page.includes("No threshold was set")).toBe(true);
    expect(matches(page, /Misses|False alarms|At every threshold/g)).toEqual([]);
    const flawless = structuredClone(full);
    flawless.cases.misses = { total: 0, shown: [] };
    expect((await renderReport(flawless)).includes("None: every abnormal image is above the threshold.")).toBe(true);
    expect(page.includes("The controls could not be measured")).toBe(true);
    for (const whole of [page, text]) {
      const words = whole.replace(/data:image[^"]*|<script>[\s\S]*<\/script>/g, "");
      expect(matches(words, /NaN|undefined|\[object|>null|Infinity/g)).toEqual([]);
    }
  });

  it("lists the parts of a score with their intervals, and only where there are some", async () => {
    const section = text.match(/<section id="parts">[\s\S]*?<\/section>/)![0];
    for (const { name, auroc } of full.parts) {
      expect(section).toMatch(
        new RegExp(
          `${name}</th><td class="n" data-name="AUROC">${auroc.estimate.toFixed(3)}</td><td data-name="interval">0\\.\\d+ to 0\\.\\d+`,
        ),
      );
    }
    expect(await renderReport(bareReport())).not.toContain("By part of the score");
  });

  it("survives numbers that are none", async () => {
    const broken = structuredClone(full);
    broken.headline.auroc = { estimate: Number.NaN, low: null, high: null, reason: "r" };
    broken.training = {
      losses: [{ name: "loss", points: [{ iteration: 1, value: Number.NaN }] }],
      selection: { name: "s", points: [], chosen: 3 },
    };
    broken.scores = { normal: [Number.NaN], abnormal: [Number.POSITIVE_INFINITY] };
    broken.operatingPoint!.threshold = Number.POSITIVE_INFINITY;
    broken.operatingPoint!.sensitivity!.value = Number.NaN;
    broken.audit.controls![0].auroc.estimate = Number.NaN;
    const words = (await renderReport(broken)).replace(/data:image[^"]*|<script>[\s\S]*<\/script>/g, "");
    expect(matches(words, /NaN|Infinity/g)).toEqual([]);
  });

  it("shows a method's views between image and counterpart, under their names", async () => {
    const namesIn = (page: string) =>
      Array.from(
        page.match(/<button type="button" class="panels[\s\S]*?<figcaption>/)![0].matchAll(/<i>(.*?)<\/i>/g),
        ([, name]) => name.replace(/<[^>]*>/g, ""),
      );
    expect(namesIn(text)).toEqual(["image", "proxy", "healthy counterpart", "anomaly map"]);
    expect(text).toContain(`alt="proxy of images/`);
    expect(namesIn(await renderReport(bareReport()))).toEqual(["image", "healthy counterpart", "anomaly map"]);
  });

  it("speaks of no healthy counterpart where the method makes none", async () => {
    const bare = structuredClone(full);
    bare.counterpart = false;
    bare.training = { losses: [], selection: null };
    const learnt = "one pass over 300 normals";
    Object.assign(bare.provenance, { method: "Neighbours", commands: [], learnt, checkpoint: null });
    for (const list of [bare.cases.mostAbnormal, bare.cases.leastAbnormal]) clearCounterparts(list);
    for (const part of [bare.cases.falseAlarms, bare.cases.misses]) clearCounterparts(part.shown);
    const page = await renderReport(bare);
    expect(matches(page, /counterpart|proxy|between the two|restor|change at each pixel/gi)).toEqual([]);
    const names = Array.from(page.matchAll(/<i>(.*?)<\/i>/g), ([, name]) => name);
    expect(new Set(names)).toEqual(new Set(["image", "anomaly map"]));
    expect(names.filter((name) => name === "image")).toHaveLength(matches(page, /<figure class="case"/g).length);
    expect(matches(page, /<dt>(checkpoint|how it was picked|training)<\/dt><dd>[^<]*/g)).toEqual([
      expect.stringContaining("<dt>training</dt><dd>one pass over 300 normals in "),
    ]);
    expect(page).toContain("How unusual the method finds each place of the image");
    expect(page).toContain("Anomaly map: how unusual each place is, from 0");
    expect(text).toContain("Anomaly map: the change at each pixel, from 0");
  });

  it("reads PNGs as bytes and as base64 alike, and refuses anything else", async () => {
    const asText = structuredClone(full);
    const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString("base64");
    for (const item of asText.cases.mostAbnormal) item.image = base64(item.image);
    expect((await renderReport(asText)) === text).toBe(true);
    for (const bad of ["data:text/html,x", `iVBORw0KGgo" onerror="x`, new Uint8Array([1, 2, 3]), ""]) {
      asText.cases.mostAbnormal[0].image = bad;
      await expect(renderReport(asText)).rejects.toThrow(HaleError);
    }
  });

  it("warns when a trivial score does as well as the method, or well enough to suspect the data", async () => {
    const confounded = structuredClone(full);
    const method = confounded.headline.auroc!.estimate;
    confounded.audit.controls![0].auroc = { estimate: method - 0.05, low: null, high: null, reason: "r" };
    expect((await renderReport(confounded)).includes("The data may be confounded.")).toBe(true);
    confounded.audit.controls![0].auroc.estimate = method;
    expect((await renderReport(confounded)).includes("A trivial score does as well as the method.")).toBe(true);
    expect(matches(text, /may be confounded|as well as the method/g)).toEqual([]);
  });

  it("says no more of a control than the paired difference carries", async () => {
    const compared = structuredClone(full);
    const method = compared.headline.auroc!.estimate;
    const auditOf = async (estimate: number, found: ControlData["compared"]) => {
      compared.audit.controls![0].auroc = { low: estimate - 0.1, estimate, high: estimate + 0.08 };
      compared.audit.controls![0].compared = found;
      return (await renderReport(compared)).match(/<section id="audit">[\s\S]*?<\/section>/)![0];
    };
    const difference = (low: number, estimate: number, high: number) => ({ low, estimate, high });
    const alike = await auditOf(method + 0.02, {
      difference: difference(-0.07, -0.02, 0.03),
      pValue: 0.4,
      verdict: "undecided",
    });
    expect(alike).toContain("These images cannot tell which of the two is better.");
    expect(alike).toContain("the difference is -0.020 (-0.070 to 0.030), p 0.400");
    expect(alike).toContain("not told apart");
    expect(alike).not.toMatch(/says nothing|shows nothing/);
    const worse = { difference: difference(-0.2, -0.15, -0.1), pValue: 0.0005, verdict: "below" } as const;
    const lost = await auditOf(method + 0.1, worse);
    expect(lost).toContain("A trivial score does better than the method");
    expect(lost).toContain("p below 0.001: the control is better");
    // Overlapping intervals of the two alone are no reason for doubt, nor is a difference that Holm leaves open a finding.
    const close = { difference: difference(0.01, 0.04, 0.07), pValue: 0.03, verdict: "above" } as const;
    expect(await auditOf(0.68, close)).toContain("No trivial score comes near being useful");
    expect(await auditOf(0.68, { ...close, pValue: 0.06, verdict: "undecided" })).toContain(
      "not clearly better than a trivial score",
    );
  });

  it("does not compare the method with a control that was given more", async () => {
    const given = structuredClone(full);
    const meaning = "abnormal images are more like the unlabelled pool";
    const pool: ControlData = {
      name: "pool",
      meaning,
      auroc: { low: 0.97, estimate: 0.99, high: 1 },
      compared: null,
    };
    given.audit.controls = [...given.audit.controls!, pool];
    const page = await renderReport(given);
    expect(page).toContain("from which this method does not learn, so the two are not compared");
    expect(page).toContain("No trivial score comes near being useful");
    expect(text).not.toContain("so the two are not compared");
  });

  it("promises nothing of patients whom nobody knows", async () => {
    const unknown = structuredClone(full);
    unknown.audit.patientsKnown = "none";
    const none = await renderReport(unknown);
    expect(none).toContain("Patients are unknown");
    expect(none).not.toContain("no patient");
    unknown.audit.patientsKnown = "some";
    expect(await renderReport(unknown)).toContain("Of some images the patient is unknown");
    expect(text).toContain("None found: no patient, no copy and no near copy");
  });

  it("gives every missing interval its reason", async () => {
    const few = structuredClone(full);
    for (const kind of few.classes) {
      kind.auroc = { estimate: 0.8, low: null, high: null, reason: "7 clusters are too few" };
    }
    expect(matches(await renderReport(few), /no interval: 7 clusters are too few/g)).toHaveLength(few.classes.length);
    expect(matches(text, /no interval/g)).toEqual([]);
  });

  it("draws a curve as noisy as it is, also where its values come in turns", async () => {
    const turns = structuredClone(full);
    const points = Array.from({ length: 750 }, (_, i) => ({ iteration: 2 * i, value: Math.sin(i / 20) }));
    turns.training.losses = [{ name: "generator", points }];
    const path = (await renderReport(turns)).match(/id="loss-0-title"[\s\S]*?class="curve" d="([^"]*)"/)![1];
    const heights = new Set(Array.from(path.matchAll(/,([\d.]+)/g), (match) => match[1]));
    expect(heights.size).toBeGreaterThan(100);
  });

  it("has all test images in a table, with links to those that are shown", async () => {
    const table = text.match(/<table id="image-table">[\s\S]*?<\/table>/)![0];
    expect(matches(table, /<tr/g)).toHaveLength(full.images.length + 1);
    expect(matches(table, /aria-sort="descending"/g)).toHaveLength(1);
    const shown = new Set(
      [
        full.cases.mostAbnormal,
        full.cases.leastAbnormal,
        full.cases.misses.shown,
        full.cases.falseAlarms.shown,
      ].flatMap((list) => list.map(({ path }) => path)),
    );
    const links = new Map(
      Array.from(table.matchAll(/<a href="#(case-\d+)">(.*?)<\/a>/g), ([, id, path]) => [path, id]),
    );
    expect([...links.keys()].sort()).toEqual([...shown].sort());
    for (const [path, id] of links) {
      expect(
        text.match(new RegExp(`<figure class="case" id="${id}">[\\s\\S]*?<span class="path">(.*?)</span>`))![1],
      ).toBe(path);
    }
    expect(await renderReport(bareReport())).not.toContain("All test images");
  });

  it("says how its table is sorted, and does not where images that need review come first", async () => {
    const review = structuredClone(full);
    const [low] = review.images.slice(-1);
    const reason = "outside what this detector knows: its fine texture is unlike that of the training images";
    review.images = [
      { ...low, decision: "needs review", reason, verdict: "needs review" },
      ...review.images.slice(0, -1),
    ];
    const page = await renderReport(review);
    expect(page.match(/<table id="image-table">[\s\S]*?<\/thead>/)![0]).not.toContain("aria-sort");
    expect(page).toContain("what needs review first, then the highest");
    const first = page.match(/<table id="image-table">[\s\S]*?<tbody>([\s\S]*?)<\/tr>/)![1];
    expect(first).toContain(low.path);
    expect(first).toContain(`<td data-value="needs review">needs review<small>${reason}</small></td>`);
    expect(page).toContain("<option>needs review</option>");
    expect(page).not.toContain(`<option>${reason}`);
    expect(text).not.toContain("what needs review first");
  });

  it("stays bounded where there are very many images, and leaves out none that was decided wrongly", async () => {
    const many = reportFixture(1, 4, 4);
    const row = many.images[0];
    many.images = Array.from({ length: 12_000 }, (_, i) => ({
      ...row,
      path: `images/${i}.png`,
      score: 1 - i / 12_000,
      verdict: i < 11_000 ? "right" : "miss",
    }));
    const page = await renderReport(many);
    expect(matches(page, /<tr[^>]*><th scope="row">images/g)).toHaveLength(10_000);
    expect(matches(page, /<tr class="wrong">/g)).toHaveLength(1000);
    expect(page).toContain("2,000 images with lower scores are left out");
    expect(page.length).toBeLessThan(4e6);
  });

  it("never calls an image normal or abnormal", () => {
    expect(matches(text, /\bcalled (ab)?normal|is called/g)).toEqual([]);
    expect(text).toContain("above the threshold (5 % false alarms)");
  });

  it("lists leaks, and admits when nobody looked", async () => {
    const leaky = structuredClone(full);
    leaky.audit.leaks = Array.from({ length: 25 }, (_, i) => `a${i}.png is b${i}.png`);
    expect((await renderReport(leaky)).includes("25 leaks found.")).toBe(true);
    expect((await renderReport(leaky)).includes("and 5 more")).toBe(true);
    leaky.audit.leaks = null;
    expect((await renderReport(leaky)).includes("Nobody looked")).toBe(true);
  });

  it("states the operating point in words that match its counts", async () => {
    const { counts } = full.operatingPoint!;
    expect(text.includes(`${counts.truePositive} were found and ${counts.falseNegative} were missed`)).toBe(true);
    expect(
      text.includes(`${counts.trueNegative} were left alone and ${counts.falsePositive} raised a false alarm`),
    ).toBe(true);
  });
});

describe("its parts", () => {
  it("escape text but not markup, and join lists", async () => {
    expect(html`<p title="${'"'}">${["<", html`<b>${1}</b>`, null, false]}</p>`.text).toBe(
      `<p title="&quot;">&lt;<b>1</b></p>`,
    );
    expect(escapeHtml("a\u202eb\u0000")).toBe("a\ufffdb\ufffd");
  });

  it("outline a mask along pixel edges", async () => {
    expect(maskOutline([0, 0, 0, 0, 255, 255, 0, 0, 0], 3, 3)).toEqual({
      path: "M1 1H3M1 2H3M1 1V2M3 1V2",
      width: 3,
      height: 3,
    });
    expect(maskOutline(new Uint8Array(9), 3, 3)).toBeNull();
  });

  it("thin long curves without moving their ends far", async () => {
    const points = Array.from({ length: 10_000 }, (_, i) => ({ x: i, y: 2 * i }));
    const few = meansOfStretches(points);
    expect(few).toHaveLength(400);
    expect(few[0].x).toBeLessThan(25);
    expect(few.every((p) => Math.abs(p.y - 2 * p.x) < 1e-6)).toBe(true);
    expect(meansOfStretches([{ x: 1, y: Number.NaN }])).toEqual([]);
  });

  it("keep the ends and corners of a curve in the unit square", () => {
    const stairs = Array.from({ length: 20_000 }, (_, i) => ({ x: Math.floor(i / 5000) / 4, y: (i % 5000) / 5000 }));
    const kept = withinUnit([...stairs, { x: 1, y: 1 }]);
    expect(kept.length).toBeLessThan(4200);
    expect([kept[0], kept.at(-1)]).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]);
    for (const corner of [stairs[4999], stairs[5000], stairs[14_999]]) expect(kept).toContainEqual(corner);
    expect(withinUnit([{ x: Number.NaN, y: 0 }])).toEqual([]);
  });

  it("cut long names in charts", async () => {
    const value = { estimate: 0.6, low: 0.2, high: 0.9 };
    const name = "a".repeat(80);
    const chart = dotChart({
      id: "c",
      title: "t",
      width: 760,
      rows: [{ name, value, strong: true }],
      suspicious: 0.7,
    }).text;
    expect(chart).toContain(`${"a".repeat(25)}…</text>`);
  });

  it("print numbers for people", async () => {
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
