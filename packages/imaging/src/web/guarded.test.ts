/** @file The same files in Chromium, read in a Web Worker, and in Node, read in a thread: the same answers. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { zlibSync } from "fflate";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needs } from "../../../core/src/node/needs-fixture.ts";
import { compressedFile, imageFile } from "../formats/dicom/dicom-fixture.ts";
import { GREY_JPEG } from "../formats/jpeg/jpeg-fixture.ts";
import { niftiBytes } from "../formats/nifti/nifti-fixture.ts";
import { assemble, chunk, header, makePng } from "../formats/png/png-fixture.ts";
import { LZW_TIFF } from "../formats/tiff/tiff-fixture.ts";
import { encodeFrame } from "../node/encoder-fixture.ts";
import { openGuardedReader } from "../node/guarded.ts";
import type { PageFile } from "./page-fixture.ts";

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";
const found = needs(`Chromium at ${CHROMIUM}`, () => (existsSync(CHROMIUM) ? CHROMIUM : null));
const require = createRequire(import.meta.url);

async function bundle(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["hale-source"],
    // The JPEG codec asks for these in Node only.
    external: ["fs", "path"],
    logLevel: "error",
    write: false,
  });
  return result.outputFiles[0].contents;
}

/** Everything that the page loads, from this machine; anything else is refused by its content security policy. */
async function serve() {
  const script = "text/javascript";
  const wasm = "application/wasm";
  const jpeg = "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm";
  const files: Record<string, [type: string, body: Uint8Array | string]> = {
    "/": ["text/html", '<!doctype html><script type="module" src="/page.js"></script>'],
    "/favicon.ico": ["image/x-icon", ""],
    "/page.js": [script, await bundle("./page-fixture.ts")],
    "/reader/read-worker.js": [script, await bundle("./read-worker.ts")],
    "/reader/libjpegturbowasm_decode.wasm": [wasm, await readFile(require.resolve(jpeg))],
    "/reader/dcmjs-native-codecs.wasm": [
      wasm,
      await readFile(require.resolve("dcmjs-codecs/build/dcmjs-native-codecs.wasm")),
    ],
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? "/"];
    if (!file) return response.writeHead(404).end();
    // No eval, nothing from elsewhere; only compiling WebAssembly is allowed.
    const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
    response.writeHead(200, { "Content-Type": file[0], "Content-Security-Policy": policy }).end(file[1]);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe.skipIf(!found)("a Web Worker", () => {
  let browser: Browser;
  let page: Page;
  let close = () => {};
  const faults: string[] = [];
  const inPage = (file: PageFile) => page.evaluate(`summary(${JSON.stringify(file)})`);

  beforeAll(async () => {
    const { server, address } = await serve();
    close = () => server.close();
    browser = await chromium.launch({ executablePath: CHROMIUM });
    page = await browser.newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => faults.push(message.text()));
    await page.goto(address);
    await page.waitForFunction("typeof summary === 'function'");
  });
  afterAll(async () => {
    await browser?.close();
    close();
  });

  test("gives of every kind of file what Node's thread gives, refusals too", async () => {
    const node = openGuardedReader();
    const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
    const grey = { columns: 16, rows: 16, samples: 1, allocated: 8, stored: 8, signed: false } as const;
    const options = { rows: 16, columns: 16, allocated: 8 };
    const nifti = niftiBytes();
    const files: [name: string, bytes: Uint8Array, companions?: Record<string, Uint8Array>][] = [
      ["a.png", makePng({ width: 2, height: 2, depth: 16, colour: 0 }, [1, 2, 3, 65535])],
      ["a.jpg", GREY_JPEG],
      ["a.tif", LZW_TIFF],
      ["a.nii", nifti],
      ["a.hdr", niftiBytes({ magic: "ni1\0", headerOnly: true, voxOffset: 0 }), { "a.img": pixels.slice(0, 12) }],
      [
        "a.mhd",
        Buffer.from("NDims = 2\nDimSize = 4 4\nElementType = MET_UCHAR\nElementDataFile = a.raw\n"),
        { "a.raw": pixels.slice(0, 16) },
      ],
      ["a.dcm", imageFile([1, 2, 3, 4, 5, 60000])],
      ["jpeg.dcm", compressedFile("1.2.840.10008.1.2.4.50", [await encodeFrame("Jpeg", pixels, grey, true)], options)],
      ["jls.dcm", compressedFile("1.2.840.10008.1.2.4.80", [await encodeFrame("JpegLs", pixels, grey)], options)],
      ["j2k.dcm", compressedFile("1.2.840.10008.1.2.4.90", [await encodeFrame("Jpeg2000", pixels, grey)], options)],
      ["cut.nii", nifti.subarray(0, 355)],
      ["cut.jpg", GREY_JPEG.subarray(0, 200)],
      ["nothing", new Uint8Array(0)],
    ];
    try {
      for (const [name, bytes, companions = {}] of files) {
        const there = await inPage({
          name,
          bytes: base64(bytes),
          companions: Object.fromEntries(Object.entries(companions).map(([file, data]) => [file, base64(data)])),
        });
        const here = await node
          .summarise({ bytes, companions }, name)
          .catch(({ code, message }) => ({ code, message }));
        expect(there, name).toEqual(here);
        expect("sha256" in here, name).toBe(!/^cut|^nothing/.test(name));
      }
    } finally {
      node.close();
    }
    expect(faults).toEqual([]);
  });

  test("is ended by a file that takes longer than its time, and the page lives", async () => {
    const side = 4000;
    const rows = zlibSync(new Uint8Array(side * (side + 1)), { level: 1 });
    const large = assemble([
      header({ width: side, height: side, depth: 8, colour: 0 }),
      chunk("IDAT", rows),
      chunk("IEND", []),
    ]);
    const bytes = base64(large);
    expect(await inPage({ name: "large.png", bytes, milliseconds: 20 })).toMatchObject({ code: "IMAGE_TOO_SLOW" });
    expect(await inPage({ name: "large.png", bytes, milliseconds: 120_000 })).toMatchObject({ shape: [side, side] });
  });
});
