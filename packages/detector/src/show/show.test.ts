/** @file What a card's text and page say, and that nothing a card's maker wrote does more than be read. */
import { expect, test } from "vitest";
import { packDetector, readCard, unpackDetector } from "../format/package.ts";
import { cardWith, plainModel } from "../test-support.ts";
import { cardPage } from "./page.ts";
import { cardText } from "./text.ts";

/** A card of a detector of volumes, with everything that a card can have. */
const full = cardWith({
  views: ["proxy"],
  parts: ["image", "cycle"],
  counterpart: false,
  backbone: {
    name: "squeezenet",
    origin: "torchvision",
    licence: "BSD-3-Clause",
    sha256: "ab".repeat(32),
    layers: ["fire2", "fire5"],
  },
  dataset: { ...cardWith().dataset, licence: "CC BY 4.0" },
  input: {
    normalisation: { kind: "window", center: 40, width: 400 },
    slices: { axis: "axial", unit: "share", from: 0.2, to: 0.8 },
    leastForeground: 0.05,
    crop: { margin: 7 },
    square: true,
    volume: {
      aggregation: { kind: "top-k", k: 5 },
      threshold: null,
      thresholdReason: "Too few normal volumes.",
      normalScores: [0.5],
    },
  },
});

/** Each of these must be found in what is shown of `full`. */
const SAID = [
  ...[
    "Research use only. Not for diagnosis.",
    "SAGAN (sagan)",
    "width 8",
    "squeezenet, from torchvision",
    "BSD-3-Clause",
  ],
  ...[
    "fire2, fire5",
    "SHA-256 abab",
    "image, cycle",
    "proxy",
    "4 x 4, grey",
    "window:40,400, slices axial:0.2-0.8",
    "5 % foreground",
    "margin of 7 mm",
  ],
  ...["above 0.3", "false-alarm rate of 20 %", "0.6 to 60 %", "4 normals", "scores 0.1 to 0.3, median 0.2"],
  ...["top-k:5", "none: Too few normal volumes.", "1 volume", "CC BY 4.0", "20 images", "pseudo-AUC: 0.7"],
  ...["100 in 13 s", "ONNX Runtime 1.30.0", "2026-01-02T03:04:05Z", "Research on phantoms.", "score 0.25"],
];

test("text and page say all of a card", () => {
  const text = cardText(full, "d.hale");
  const page = cardPage(full, "d.hale").replaceAll("&#39;", "'");
  for (const words of SAID) {
    expect(text).toContain(words);
    expect(page).toContain(words);
  }
  expect(text.split("\n")[0]).toBe("d.hale");
  expect(text).toMatch(/healthy counterpart +none/);
  expect(page).toContain("<title>d.hale</title>");
});

test("a card without a threshold gives the reason instead", () => {
  const card = cardWith({ threshold: null, thresholdReason: "Too few normals.", normalScores: [] });
  expect(cardText(card, "d.hale")).toMatch(/threshold +none: Too few normals\./);
  expect(cardPage(card, "d.hale")).not.toContain("<svg");
});

test("the page shows where the threshold is among the held-out normals", () => {
  const page = cardPage(cardWith(), "d.hale");
  expect(page.match(/<rect/g)).toHaveLength(24);
  // Scores 0.1, 0.2, 0.2, 0.3: three bars stand, and the threshold is the highest score.
  expect(
    [...page.matchAll(/<rect [^>]*height="([^"]+)"/g)].map((match) => Number(match[1])).filter(Boolean),
  ).toHaveLength(3);
  expect(page).toMatch(/<line class="threshold" x1="472"/);
});

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u001b[2J\u202e\r\nthreshold`;

test("words of strangers stay words", () => {
  const card = cardWith({
    method: { name: HOSTILE, title: HOSTILE, source: HOSTILE, options: { [HOSTILE]: HOSTILE } },
    dataset: { ...cardWith().dataset, name: HOSTILE, licence: HOSTILE },
    views: [HOSTILE],
    intendedUse: HOSTILE,
  });
  const page = cardPage(card, HOSTILE);
  expect(page.match(/<[a-z!/][^>]*>/gi)!.filter((tag) => /^<(script|img)|onerror/i.test(tag))).toEqual([]);
  for (const char of ["\u001b", "\u202e"]) expect(page).not.toContain(char);
  expect(page).toContain("default-src 'none'");
  const lines = cardText(card, HOSTILE).split("\n");
  expect(lines).toHaveLength(
    cardText(cardWith({ views: ["v"], dataset: { ...cardWith().dataset, licence: "l" } }), "d").split("\n").length,
  );
  for (const char of ["\u001b", "\u202e", "\r"]) expect(lines.join("")).not.toContain(char);
});

test("a page asks for nothing from elsewhere", () => {
  expect(cardPage(full, "d.hale")).not.toMatch(/https?:|url\(|@import|<link|<script|src=/);
});

test("a card is read from a detector and from the model that was taken out of it", async () => {
  const bytes = await packDetector({ model: plainModel, card: full });
  const { model } = await unpackDetector(bytes, "d.hale");
  expect(await readCard(bytes, "d.hale")).toEqual(full);
  expect(await readCard(model, "model.onnx")).toEqual(full);
  await expect(readCard(plainModel, "model.onnx")).rejects.toMatchObject({
    code: "DETECTOR_CORRUPT",
    message: expect.stringContaining("model.onnx is not a sound detector: it is an ONNX model without a card"),
  });
  await expect(readCard(Uint8Array.of(0x80, 2), "d.hale")).rejects.toThrow("a Python pickle");
});
