/** @file The page as a person uses it, in Chromium, built as it is shipped, under its strict policy: any violation, request to elsewhere or fault fails. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { phantom } from "@hale/data";
import { encodePng } from "@hale/imaging";
import axe from "axe-core";
import { zipSync } from "fflate";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../../../packages/core/src/node/needs-fixture.ts";
import { imageFile } from "../../../packages/imaging/src/formats/dicom/dicom-fixture.ts";
import { buildPageReader } from "../../../scripts/build/page-reader.ts";
import { buildStudio } from "../../../scripts/build/studio.ts";
import { serveStudio } from "../../cli/src/studio-server.ts";
import { type VolumeFixture, volumeDetector } from "./volume-detector-fixture.ts";

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";
const found = needs(`Chromium at ${CHROMIUM}`, () => (existsSync(CHROMIUM) ? CHROMIUM : null));
/** Compressed bytes. */
const MOST_FIRST_VIEW = 350_000;

describe.skipIf(!found)("the studio", () => {
  let folder = "";
  let site = "";
  let volumes: VolumeFixture;
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveStudio>>;
  let context: BrowserContext;
  const faults: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hale-studio-test-"));
    site = join(folder, "site");
    await buildPageReader();
    await buildStudio(site);
    volumes = await volumeDetector(folder);
    server = await serveStudio(site, 0);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--use-gl=swiftshader", "--enable-unsafe-swiftshader"],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await context?.close();
    expect(faults.splice(0)).toEqual([]);
  });

  /** A page whose every fault, violation of the policy and request to elsewhere is noted. */
  async function open(address = server.address, theme = "dark", width = 1400): Promise<Page> {
    context = await browser.newContext({ viewport: { width, height: 900 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      // Of the GPU in software, when its picture is taken.
      if (/GL Driver Message/.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(new URL(address).origin) && !/^(blob|data):/.test(url)) faults.push(`elsewhere: ${url}`);
    });
    await page.addInitScript(`
      localStorage.setItem("hale-studio-theme", localStorage.getItem("hale-studio-theme") ?? "${theme}");
      addEventListener("securitypolicyviolation", (event) => console.error("violation: " + event.violatedDirective + " " + event.blockedURI));
    `);
    await page.goto(address);
    return page;
  }
  const give = async (page: Page, files: { name: string; bytes: Uint8Array }[]) => {
    const button = page.getByRole("button", { name: /^Open (files|a detector)/ });
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button.click()]);
    await chooser.setFiles(
      files.map(({ name, bytes }) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) })),
    );
  };
  const saved = async (page: Page, button: string) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  };
  const serious = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  };
  interface Violation {
    id: string;
    impact: string;
    nodes: { html: string }[];
  }

  test("scores phantoms at one click, and moves decisions with the threshold, by keyboard alone", async () => {
    const page = await open();
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    await page.getByRole("button", { name: "Try it on phantoms" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("24 of 24 scored").waitFor();
    const row = page.locator('[role="row"][aria-selected="true"]');
    expect(await row.textContent()).toMatch(/phantom-02.*above/);
    await page.getByRole("img", { name: /^Anomaly map of phantom-02/ }).waitFor();

    // Rows by arrows; a filter; the highest score first.
    await page.getByRole("grid", { name: /Results/ }).focus();
    await page.keyboard.press("ArrowDown");
    expect(await row.textContent()).toMatch(/phantom-03/);
    const above = () => page.getByRole("row").filter({ hasText: "▲" }).count();
    await page.getByRole("searchbox").fill("above");
    await page.getByText(/^\d+ of 24 images$/).waitFor();
    const before = await above();
    expect(before).toBeGreaterThan(6);
    await page.getByRole("slider", { name: "Threshold" }).focus();
    for (let i = 0; i < 60; i++) await page.keyboard.press("ArrowLeft");
    await page.getByText(/the rate that it really has is .* at 95 % confidence, from 119 held-out normals/).waitFor();
    await expect.poll(above).toBeGreaterThan(before);
    await page.getByRole("button", { name: "Back to the detector's own" }).press("Enter");
    await expect.poll(above).toBe(before);
    await page.getByRole("searchbox").fill("");
    await page.getByRole("columnheader", { name: "Score" }).getByRole("button").press("Enter");
    const scores = await page.locator(".body .cell.score").allTextContents();
    expect(scores.slice(0, 10).map(Number)).toEqual(
      scores
        .slice(0, 10)
        .map(Number)
        .toSorted((a, b) => b - a),
    );

    const csv = await saved(page, "Save CSV");
    const lines = csv.bytes.toString().trim().split("\n");
    expect([lines.length, lines[0]]).toEqual([
      25,
      expect.stringMatching(/^file,score,p_value,decision,threshold,meaning,error/),
    ]);
    const png = await saved(page, "Save PNG");
    expect([png.bytes.readUInt32BE(0), png.bytes.readUInt32BE(20)]).toEqual([0x89504e47, 722]);
    const map = await saved(page, "Save map");
    expect(map.name).toMatch(/^phantom-03-normal-map\.png$/);
    expect(await serious(page)).toEqual([]);
  });

  test("reads volumes, DICOM and zips; shows counterpart, slices and 3D; says why a file cannot be read", async () => {
    const page = await open();
    await page.getByRole("link", { name: "Score" }).click();
    const zip = zipSync({ "inside/a.nii.gz": volumes.volumes[1].bytes, "inside/notes.txt": new Uint8Array(10) });
    const dicom = imageFile(
      Array.from({ length: 64 * 64 }, (_, i) => (i * 37) % 900),
      { rows: 64, columns: 64 },
    );
    await give(page, [
      { name: "volumes.hale", bytes: await readFile(volumes.detector) },
      { name: "whole.nii.gz", bytes: volumes.volumes[0].bytes },
      { name: "more.zip", bytes: zip },
      { name: "slice.dcm", bytes: dicom },
      { name: "broken.nii", bytes: new Uint8Array([...new Uint8Array(344), 0x6e, 0x2b, 0x31, 0, 1, 2]) },
      { name: "hostile.zip", bytes: zipSync({ "../out.png": new Uint8Array(3) }) },
    ]);
    await page.getByText(/5 of 5 scored/).waitFor();
    expect(await page.getByRole("row").filter({ hasText: "not scored" }).count()).toBe(2);
    await page.getByRole("row").filter({ hasText: "hostile.zip" }).click();
    await page
      .locator(".viewer")
      .getByText(/leads out of its folder/)
      .waitFor();
    await page.getByRole("row").filter({ hasText: "whole.nii.gz" }).click();
    await page.getByRole("img", { name: /^Healthy counterpart of whole/ }).waitFor();
    await page.getByRole("img", { name: /axial slices; the highest/ }).waitFor();
    const slices = page.getByRole("slider", { name: /Slice/ });
    await slices.focus();
    const first = await slices.inputValue();
    await page.keyboard.press("Home");
    await expect.poll(() => slices.inputValue()).not.toBe(first === "0" ? "never" : first);
    for (const way of ["Overlay", "Curtain"]) {
      await page.getByRole("radio", { name: way }).click();
      await page.getByRole("img", { name: /brightest/ }).waitFor();
    }
    const map = await saved(page, "Save map");
    expect([map.name, map.bytes[0]]).toEqual(["whole-map.nii.gz", 0x1f]);
    const objects = await saved(page, "Save DICOM objects");
    expect(objects.name).toBe("hale-dicom-objects.zip");
    await page.getByRole("button", { name: "Three planes and 3D" }).click();
    await page.getByText(/The map is drawn from/).waitFor();
    expect(await serious(page)).toEqual([]);
  });

  test("looks right to axe in both themes and at 400 pixels, remembers the theme, and shows the card", async () => {
    const page = await open(server.address, "light", 400);
    for (const view of ["Try it", "Score", "Check", "Train", "Detector"]) {
      await page.getByRole("link", { name: view, exact: true }).click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await serious(page), view).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth"), view).toBeLessThanOrEqual(400);
    }
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Open a .hale file" }).click(),
    ]);
    await chooser.setFiles(volumes.detector);
    await page.getByRole("heading", { name: "volumes.hale" }).waitFor();
    await page.getByText("Research use only. Not for diagnosis.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Use the dark theme" }).click();
    expect(await serious(page)).toEqual([]);
    await page.reload();
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  });

  test("works from any path of a plain file server, on one thread, and refuses what is no detector in a sentence", async () => {
    const plain = createServer(async (request, response) => {
      const path = new URL(request.url ?? "/", "http://x").pathname.replace(/^\/some\/where\//, "");
      const type = {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".css": "text/css",
        ".svg": "image/svg+xml",
      };
      const body = await readFile(join(site, path || "index.html")).catch(() => null);
      if (!body) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": type[extname(path) as keyof typeof type] ?? "text/html" }).end(body);
    });
    await new Promise<void>((done) => plain.listen(0, "127.0.0.1", done));
    try {
      const page = await open(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/some/where/`);
      expect(await page.evaluate("crossOriginIsolated")).toBe(false);
      await page.getByRole("link", { name: "Score" }).click();
      await give(page, [{ name: "no.hale", bytes: new Uint8Array(100) }]);
      expect(await page.getByRole("alert").textContent()).toMatch(/no\.hale/);
      await page.getByRole("button", { name: "Or try it on phantoms" }).click();
      await page.getByText("24 of 24 scored").waitFor();
    } finally {
      plain.closeAllConnections();
      plain.close();
    }
  });

  test("pauses and resumes, and keeps a table of ten thousand rows light", async () => {
    const page = await open();
    await page.getByRole("link", { name: "Score" }).click();
    const many = join(folder, "many");
    await rm(many, { recursive: true, force: true });
    await mkdir(many, { recursive: true });
    for (let i = 0; i < 10_000; i++) await writeFile(join(many, `p-${i}.png`), "no picture");
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Open a folder" }).click(),
    ]);
    await chooser.setFiles(many);
    await page.getByText("10000 images", { exact: true }).waitFor({ timeout: 200_000 });
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    await give(page, [{ name: "example.hale", bytes: await readFile(join(site, "engine", "example.hale")) }]);
    await page.getByRole("button", { name: "Pause" }).click();
    const done = async () => Number((await page.getByText(/ of 10000 scored/).textContent())?.split(" ")[0]);
    await page.getByRole("button", { name: "Resume" }).waitFor();
    const before = await done();
    expect(before).toBeLessThan(10_000);
    await page.getByRole("button", { name: "Resume" }).click();
    await expect.poll(done, { timeout: 60_000 }).toBeGreaterThan(before);
  });

  test("checks a data set: counts, and a picture in two splits beside its copy", async () => {
    const page = await open();
    const data = join(folder, "data-set");
    const png = (seed: number, lesion?: "bright") =>
      encodePng({ width: 64, height: 64, channels: 1, maxValue: 255, data: phantom(seed, { size: 64, lesion }).image });
    const files: Record<string, Uint8Array> = {
      "test/normal/copy.png": png(1),
      "test/abnormal/a.png": png(30, "bright"),
    };
    for (let i = 0; i < 4; i++) files[`train/normal/n${i}.png`] = png(i);
    for (const [file, bytes] of Object.entries(files)) {
      await mkdir(join(data, file, ".."), { recursive: true });
      await writeFile(join(data, file), bytes);
    }
    await page.getByRole("link", { name: "Check" }).click();
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Choose a folder" }).click(),
    ]);
    await chooser.setFiles(data);
    await page.getByRole("heading", { name: "data-set: 6 images, 0 with masks" }).waitFor();
    await page.getByText("test/normal/copy.png (test) and train/normal/n1.png (train)").waitFor();
    await page.getByRole("img", { name: "test/normal/copy.png" }).waitFor();
    expect(await serious(page)).toEqual([]);
  });

  test("is small at first: compressed scripts of the first view", async () => {
    const index = await readFile(join(site, "index.html"), "utf8");
    const first = new Set([...index.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]));
    expect(first.size).toBeGreaterThan(0);
    const assets = await readdir(join(site, "assets"));
    for (const file of first) {
      const text = await readFile(join(site, file), "utf8");
      for (const [, name] of text.matchAll(/(?:from|^import)\s*"\.\/([^"]+\.js)"/g)) {
        if (assets.includes(name)) first.add(`assets/${name}`);
      }
    }
    let bytes = 0;
    for (const file of first) bytes += gzipSync(await readFile(join(site, file))).length;
    expect(bytes).toBeLessThan(MOST_FIRST_VIEW);
    expect(index.replaceAll("&#39;", "'")).toContain(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';",
    );
  });
});
