/**
 * @file The table of transfer syntaxes in docs/ is made here. `HALE_WRITE_DOCS=1 npx vitest run` of this file writes it
 * anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HaleError } from "@hale/core";
import { expect, test } from "vitest";
import "../../node/dicom.ts";
import { encodeFrame, encodeRle, type FrameSpec } from "../../node/encoder-fixture.ts";
import { compressedFile, imageFile } from "./dicom-fixture.ts";
import { readDicom } from "./read.ts";
import { TRANSFER_SYNTAXES, type TransferSyntax, transferSyntax } from "./syntaxes.ts";

const path = fileURLToPath(new URL("../../../../../docs/transfer-syntaxes.md", import.meta.url));
const SPEC: FrameSpec = { columns: 32, rows: 16, samples: 1, allocated: 8, stored: 8, signed: false };
const PIXELS = Uint8Array.from({ length: 512 }, (_, i) => 100 + Math.round(50 * Math.sin(i / 60)));

/** A small image in a syntax, as far as one can be made here. */
async function fileIn(syntax: TransferSyntax): Promise<Uint8Array> {
  if (syntax.pixels === "native") return imageFile(PIXELS, SPEC, { syntax: syntax.uid });
  if (syntax.pixels === "rle") return compressedFile(syntax.uid, [encodeRle([PIXELS])], SPEC);
  const lossy = syntax.lossy;
  const frame =
    syntax.pixels === "jpeg"
      ? await encodeFrame("Jpeg", PIXELS, SPEC, lossy)
      : syntax.pixels === "jpeg-ls"
        ? await encodeFrame("JpegLs", PIXELS, SPEC, lossy)
        : syntax.name.startsWith("High")
          ? await encodeFrame("HtJpeg2000", PIXELS, SPEC, lossy)
          : await encodeFrame("Jpeg2000", PIXELS, SPEC, lossy);
  return compressedFile(syntax.uid, [frame], SPEC);
}

async function answer(syntax: TransferSyntax): Promise<{ read: boolean; reason: string }> {
  try {
    const { scan, transferSyntax: uid } = await readDicom(await fileIn(syntax), "a.dcm");
    expect(uid).toBe(syntax.uid);
    const worst = Array.from(scan.stored).reduce((most, value, i) => Math.max(most, Math.abs(value - PIXELS[i])), 0);
    expect(worst).toBeLessThanOrEqual(syntax.lossy ? 20 : 0);
    return { read: true, reason: "" };
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    expect(error.code).toBe("IMAGE_UNSUPPORTED");
    return { read: false, reason: syntax.refused ?? "" };
  }
}

test("docs/transfer-syntaxes.md is what reading a file in each syntax gives", async () => {
  const rows: string[] = [];
  for (const syntax of TRANSFER_SYNTAXES) {
    const { read, reason } = await answer(syntax);
    expect(read, syntax.name).toBe(syntax.pixels !== null);
    const loss = read ? (syntax.lossy ? "lossy" : "exact") : "";
    rows.push(`| ${syntax.uid} | ${syntax.name} | ${read ? "read" : `refused: ${reason}`} | ${loss} |`);
  }
  const text = `# Transfer syntaxes of DICOM

Made by \`packages/imaging/src/formats/dicom/syntaxes.test.ts\`, which reads a file in each; do not edit. Lossy: decoded values may differ from those
before compression, and in rounding from those of other decoders.

| UID | name | hale | values |
|---|---|---|---|
${rows.join("\n")}
`;
  if (process.env.HALE_WRITE_DOCS) writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("UIDs are told apart, each once", () => {
  expect(new Set(TRANSFER_SYNTAXES.map(({ uid }) => uid)).size).toBe(TRANSFER_SYNTAXES.length);
  expect(transferSyntax("1.2.840.10008.1.2.4.70")?.pixels).toBe("jpeg");
  expect(transferSyntax("1.2.3")).toBeNull();
});
