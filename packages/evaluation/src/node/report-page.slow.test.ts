/** @file The report page in a browser, under its own content security policy: sorting, filtering, enlarging, colours, paper. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findChromium } from "../../../runtime/src/node/page-fixture.ts";
import { renderReport } from "../report/render-report.ts";
import { reportFixture } from "../report/report-fixture.ts";

const path = findChromium();
const report = reportFixture(1, 60, 60);
// The longest that a table has to hold.
report.images[0].reason = `outside what this detector knows: ${[
  "its structure is unlike that of the training images",
  "its fine texture is unlike that of the training images",
  "its brightness values are unlike those of the training images",
].join("; ")}`;

describe.skipIf(!path)("the report page", () => {
  let folder = "";
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hale-report-page-"));
    await writeFile(join(folder, "report.html"), await renderReport(report));
    browser = await chromium.launch({ executablePath: path!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
    // The policy's refusals come as errors on the console.
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(join(folder, "report.html")).href);
  });
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const column = (n: number) =>
    page.$$eval(`#image-table tbody tr > :nth-child(${n})`, (cells) => cells.map((cell) => cell.textContent ?? ""));
  const status = () => page.textContent("#image-status");

  test("sorts its table by pointer and by keyboard, and says so to those who cannot see it", async () => {
    const scores = [...report.images.map(({ score }) => score)];
    expect(Number((await column(4))[0])).toBeCloseTo(Math.max(...scores), 3);
    await page.click("#image-table thead button:has-text('score')");
    expect(await page.getAttribute("#image-table th:nth-child(4)", "aria-sort")).toBe("ascending");
    expect(Number((await column(4))[0])).toBeCloseTo(Math.min(...scores), 3);
    await page.focus("#image-table thead button:has-text('file')");
    await page.keyboard.press("Enter");
    const files = await column(1);
    expect(files).toEqual([...report.images.map(({ path: file }) => file)].sort().slice(0, 100));
    expect(await page.$$eval("[aria-sort]", (heads) => heads.map((head) => head.textContent))).toEqual(["file"]);
  });

  test("filters its table and turns its pages", async () => {
    expect(await status()).toBe("120 images, 1 to 100 shown");
    await page.click("#image-pager button:last-child");
    expect(await column(1)).toHaveLength(20);
    await page.selectOption("#filter-verdict", "miss");
    const misses = report.images.filter(({ verdict }) => verdict === "miss");
    expect(await column(1)).toEqual(misses.map(({ path: file }) => file));
    expect(await status()).toBe(`${misses.length} of 120 images`);
    await page.fill("#filter-file", misses[0].path.toUpperCase());
    expect(await column(1)).toEqual([misses[0].path]);
    await page.fill("#filter-file", "no such file");
    expect(await status()).toBe("0 of 120 images");
  });

  test("shows the pictures of a case large, by keyboard too, and closes them by Escape", async () => {
    const opener = page.locator("button.panels").first();
    const small = (await opener.locator("img").first().boundingBox())!.width;
    await opener.focus();
    await page.keyboard.press("Enter");
    const names = () =>
      page.$$eval("dialog[open] img", (images) => images.map((image) => image.getAttribute("alt") ?? ""));
    const first = await names();
    expect(first.map((name) => name.replace(/ of .*/, ""))).toEqual([
      "image",
      "proxy",
      "healthy counterpart",
      "anomaly map",
    ]);
    expect((await page.locator("dialog img").first().boundingBox())!.width).toBeGreaterThan(2 * small);
    await page.keyboard.press("ArrowRight");
    expect(await names()).not.toEqual(first);
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog[open]").count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/^Enlarge /);
    await opener.click();
    await page.mouse.click(5, 5);
    expect(await page.locator("dialog[open]").count()).toBe(0);
  });

  test("has light and dark colours, by the reader's setting and by its switch", async () => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.selectOption("#theme-choice", "light");
    expect(await paper()).toBe(light);
    await page.selectOption("#theme-choice", "dark");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await paper()).toBe(dark);
    await page.emulateMedia({ media: "print" });
    expect(await paper()).toBe("rgb(255, 255, 255)");
  });

  test("fits a window of 1280 pixels, and is filtered by the decision, not by its reason", async () => {
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(1280);
    const choices = await page.$$eval("#filter-decision option", (options) => options.map((one) => one.textContent));
    expect(choices.join()).not.toContain("outside");
    await page.selectOption("#filter-decision", report.images[0].decision!);
    expect(await column(1)).toContain(report.images[0].path);
  });

  test("fits a window of 400 pixels, and breaks no word of its prose", async () => {
    await page.setViewportSize({ width: 400, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    const smallest = await page.$$eval("svg.chart text", (texts) =>
      Math.min(
        ...texts
          .filter((text) => text.getClientRects().length > 0)
          .map((text) => {
            const svg = (text as SVGTextElement).ownerSVGElement!;
            return (
              Number.parseFloat(getComputedStyle(text).fontSize) *
              (svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)
            );
          }),
      ),
    );
    expect(smallest).toBeGreaterThan(9);
    // A word on two lines has two rectangles.
    const broken = await page.$$eval("h1, h2, h3, p, th, td, dt, dd", (elements) =>
      elements.flatMap((element) => {
        const found: string[] = [];
        for (const node of element.childNodes) {
          for (const match of node.nodeType === Node.TEXT_NODE
            ? (node.textContent ?? "").matchAll(/[\p{L}\d]+/gu)
            : []) {
            const range = document.createRange();
            range.setStart(node, match.index);
            range.setEnd(node, match.index + match[0].length);
            if (range.getClientRects().length > 1) found.push(match[0]);
          }
        }
        return found;
      }),
    );
    expect(broken).toEqual([]);
  });

  test("prints every row up to a thousand, and goes back to its page", async () => {
    await page.evaluate(() => {
      addEventListener("beforeprint", () => {
        document.body.dataset.printed = String(document.querySelectorAll("#image-table tbody tr").length);
      });
    });
    await page.pdf({ format: "A4" });
    expect(await page.getAttribute("body", "data-printed")).toBe("120");
    expect(await column(1)).toHaveLength(100);
  });
});
