/** @file Rows as records and as lines of CSV. */
import { HaleError } from "@hale/core";
import { expect, test } from "vitest";
import { cardWith } from "../../detector/src/test-support.ts";
import { errorRow, pictureRow, rowRecord } from "./row.ts";
import { csvHead, csvRow } from "./table.ts";

const card = { ...cardWith(), parts: ["image", "cycle"] };
const said = {
  score: 0.25,
  pValue: 0.5,
  decision: "not above",
  threshold: 0.3,
  domain: null,
  parts: { image: -0.5, cycle: 2 },
} as const;

test("a picture's row has its score, its parts, and no more", () => {
  expect(rowRecord(pictureRow(card, "a.png", said))).toEqual({
    ...{ file: "a.png", score: 0.25, p_value: 0.5, decision: "not above", threshold: 0.3 },
    ...{ meaning: "not above the threshold (20 % false alarms)", error: null },
    ...{ "part:image": -0.5, "part:cycle": 2 },
  });
});

test("where the image is outside the domain the row says why in place of the decision", () => {
  const domain = { outside: true, distance: 2, reasons: ["structure" as const] };
  expect(rowRecord(pictureRow(card, "a.png", { ...said, decision: "needs review", domain }))).toMatchObject({
    ...{ score: 0.25, decision: "needs review" },
    meaning: "needs review: outside what this detector knows: its structure is unlike that of the training images",
  });
});

test("where there is no threshold the row says why", () => {
  const none = { ...card, threshold: null, thresholdReason: "Too few normals." };
  const row = pictureRow(none, "a.png", { ...said, decision: null, threshold: null });
  expect(rowRecord(row)).toMatchObject({
    ...{ threshold: null, threshold_reason: "Too few normals." },
    meaning: "no decision: Too few normals.",
  });
});

test("an error's row has nulls, its code, and the sentences that the caller makes of it", () => {
  const error = new HaleError("IMAGE_CORRUPT", "It is damaged.", "Take it out.", { setting: "device" });
  const row = errorRow(card, "a.png", error);
  expect(row.error).toEqual({
    ...{ code: "IMAGE_CORRUPT", fault: "It is damaged.", remedy: "Take it out." },
    ...{ message: "It is damaged. Take it out.", setting: "device" },
  });
  expect(rowRecord(row, ({ message, setting }) => `${message} (${setting})`)).toEqual({
    ...{ file: "a.png", score: null, p_value: null, decision: null, threshold: null, meaning: null },
    ...{ error: "It is damaged. Take it out. (device)", "part:image": null, "part:cycle": null },
  });
});

test("as CSV, names of files are text and negative numbers numbers", () => {
  expect(csvHead(card)).toBe("file,score,p_value,decision,threshold,meaning,error,part:image,part:cycle\n");
  expect(csvRow(card, pictureRow(card, "=cmd|.png", said))).toBe(
    "'=cmd|.png,0.25,0.5,not above,0.3,not above the threshold (20 % false alarms),,-0.5,2\n",
  );
  const broken = errorRow(card, 'a "b".png', new HaleError("IMAGE_CORRUPT", "Damaged,", "take out."));
  expect(csvRow(card, broken)).toBe('"a ""b"".png",,,,,,"Damaged, take out.",,\n');
});
