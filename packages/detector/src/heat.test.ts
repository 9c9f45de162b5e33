import { decodeImage } from "@hale/imaging";
import { expect, test } from "vitest";
import { legendStops, mapPng, overlayPng, picturePng } from "./heat.ts";
import { cardWith } from "./test-support.ts";

const card = cardWith();
const plane = (values: number[]) => ({ data: Float32Array.from(values), width: 2, height: 1 });

test("equal values have equal colours in every picture", async () => {
  const mild = await decodeImage(mapPng(plane([0.1, 0.2]), card), "mild");
  const strong = await decodeImage(mapPng(plane([0.1, 5]), card), "strong");
  expect(mild.data.slice(0, 3)).toEqual(strong.data.slice(0, 3));
  expect(mild.data.slice(3, 6)).not.toEqual(strong.data.slice(3, 6));
});

test("an overlay leaves the image as it is where the map is 0", async () => {
  const prepared = { ...plane([-1, 1]), channels: 1 } as const;
  const overlay = await decodeImage(overlayPng(prepared, plane([0, 0]), card), "overlay");
  expect([...overlay.data]).toEqual([0, 0, 0, 255, 255, 255]);
  expect([...(await decodeImage(picturePng(prepared), "picture")).data]).toEqual([0, 255]);
});

test("the legend runs from 0 to the card's top and names what normals reach", () => {
  const stops = legendStops(card, 3);
  expect(stops.map(({ value }) => value)).toEqual([0, 0.01, 0.1, 0.2, 0.25, 0.5]);
  expect(stops[0]).toMatchObject({ share: 0, colour: "#000004", note: null });
  expect(stops[2].note).toBe("95 % of normal pixels are below");
  expect(stops.at(-1)).toMatchObject({ share: 1, colour: "#fcffa4" });
});
