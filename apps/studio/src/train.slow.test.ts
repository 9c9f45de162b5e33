/** @file Training in the page as a person does it, in Chromium, built as it is shipped, under its strict policy: any violation, request to elsewhere or fault fails. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Detector } from "@hale/detector";
import { openDevice } from "@hale/runtime/node";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../../../packages/core/src/node/needs-fixture.ts";
import { buildPageReader } from "../../../scripts/build/page-reader.ts";
import { buildStudio } from "../../../scripts/build/studio.ts";
import { serveStudio } from "../../cli/src/studio-server.ts";

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";
const found = needs(`Chromium at ${CHROMIUM}`, () => (existsSync(CHROMIUM) ? CHROMIUM : null));
/** Where pictures of the screens go, for whoever wants to look at them. */
const SCREENS = process.env.HALE_SCREENS;

describe.skipIf(!found)("training in the studio", () => {
  let folder = "";
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveStudio>>;
  let context: BrowserContext;
  const faults: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hale-studio-train-"));
    await buildPageReader();
    await buildStudio(join(folder, "site"));
    server = await serveStudio(join(folder, "site"), 0);
    browser = await chromium.launch({ executablePath: CHROMIUM });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    if (SCREENS) await context?.pages()[0]?.screenshot({ path: join(SCREENS, "last.png"), fullPage: true });
    await context?.close();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(theme: "dark" | "light", width = 1400): Promise<Page> {
    context = await browser.newContext({ viewport: { width, height: 900 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(180_000);
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(new URL(server.address).origin) && !/^(blob|data):/.test(url))
        faults.push(`elsewhere: ${url}`);
    });
    await page.addInitScript(`
      localStorage.setItem("hale-studio-theme", localStorage.getItem("hale-studio-theme") ?? "${theme}");
      addEventListener("securitypolicyviolation", (event) => console.error("violation: " + event.violatedDirective + " " + event.blockedURI));
    `);
    await page.goto(`${server.address}#train`);
    return page;
  }
  const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).click();
  async function look(page: Page, name: string): Promise<void> {
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as { violations: { id: string; impact: string }[] };
    expect(
      violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id),
    ).toEqual([]);
    if (!SCREENS) return;
    await mkdir(SCREENS, { recursive: true });
    await page.screenshot({ path: join(SCREENS, `${name}.png`), fullPage: true });
  }

  test("a fit ends in a detector that is downloaded and scores", async () => {
    const page = await open("light");
    await press(page, "Draw phantoms");
    await page.getByText(/^Phantoms: 120 normal images, 80 unlabelled ones, 20 images in the test part/).waitFor();
    await page.getByText(/^At least .* of memory; .* of storage/).waitFor();
    await look(page, "train-choose-light");
    await press(page, "Prepare");
    await page.getByText("Takes about").waitFor();
    await look(page, "train-plan-light");
    await press(page, "Begin");
    await page.getByText("The detector is made.").waitFor();
    await look(page, "train-made-light");
    const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Download the detector")]);
    expect(download.suggestedFilename()).toBe("knn-phantoms.hale");
    const device = await openDevice({ kind: "cpu", threads: 1 });
    const detector = await Detector.load(await readFile(await download.path()), device, "knn-phantoms.hale");
    expect(detector.card).toMatchObject({ method: { name: "knn" }, dataset: { name: "Phantoms", trainNormals: 80 } });
    expect(detector.card.threshold).not.toBeNull();
    await detector.release();
    await press(page, "Score with it");
    // The view that was left keeps its heading, hidden.
    await page.getByText("knn-phantoms.hale").filter({ visible: true }).first().waitFor();
    expect(page.url()).toMatch(/#score$/);
    // Nothing was agreed to, and nothing is kept.
    await page.goto(`${server.address}#train`);
    await page.getByRole("heading", { name: "Train" }).waitFor();
    expect(await page.getByText(/^Kept on this machine/).count()).toBe(0);
  });

  test("steps are paused, the page is reloaded, the run goes on, and one click erases all", async () => {
    const page = await open("dark", 420);
    await press(page, "Draw phantoms");
    await page.getByText(/^Phantoms: /).waitFor();
    await page.getByRole("combobox", { name: /^Method/ }).selectOption("autoencoder");
    await page.getByLabel("Iterations").fill("400");
    await page.getByRole("checkbox").check();
    await press(page, "Prepare");
    await press(page, "Begin");
    await page.getByText(/^Training: \d+ of 400/).waitFor();
    await page.getByRole("img", { name: /^Images, what the method makes of them/ }).waitFor();
    await look(page, "train-running-dark-narrow");
    await press(page, "Pause");
    const paused = await page.getByText(/^Paused at \d+\. It is kept/).textContent();
    const at = Number(/\d+/.exec(paused!));
    expect(at).toBeGreaterThan(0);
    await page.reload();
    await page.getByRole("heading", { name: /^Kept on this machine: / }).waitFor();
    await look(page, "train-kept-dark-narrow");
    await press(page, "Train on: Phantoms, autoencoder");
    await press(page, `Train on from ${at}`);
    await page.getByText(/^Training: \d+ of 400/).waitFor();
    await press(page, "Stop here and make the detector");
    await page.getByText("The detector is made.").waitFor();
    await press(page, "Train another");
    // It could go on, so it is still there.
    await press(page, "Erase all");
    await expect.poll(() => page.getByText(/^Kept on this machine/).count()).toBe(0);
  });
});
