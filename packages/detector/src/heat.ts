/**
 * @file Findings as pictures. Maps are drawn on the card's absolute scale, never stretched to their own maximum: equal
 * colours mean equal distances in every image, and a healthy image stays dark.
 */
import { colourMap, encodePng, overlayMap, rasterOf } from "@hale/imaging";
import type { Card } from "./format/card.ts";
import type { Picture, Plane } from "./model.ts";

type Scale = Pick<Card, "mapScale">;

/** The anomaly map in colours, as PNG. */
export function mapPng(map: Plane, { mapScale }: Scale): Uint8Array {
  return encodePng(colourMap(map.data, map.width, map.height, mapScale.top));
}

/** The anomaly map laid over the image as the network saw it, as PNG; `opacity` is that of the brightest colour, 0 to 1. */
export function overlayPng(prepared: Picture, map: Plane, { mapScale }: Scale, opacity?: number): Uint8Array {
  const image = rasterOf(prepared);
  return encodePng(overlayMap(image, map.data, map.width, map.height, { maximum: mapScale.top, opacity }));
}

/** A prepared image or healthy counterpart, as PNG. */
export function picturePng(picture: Picture): Uint8Array {
  return encodePng(rasterOf(picture));
}

/** A place on the colour scale. */
export interface LegendStop {
  /** Of the scale's length, 0 to 1. */
  share: number;
  /** The map's value there. */
  value: number;
  /** Its colour, `#rrggbb`. */
  colour: string;
  /** What held-out normals say of this value, where the card knows: "95 % of normal pixels are below". */
  note: string | null;
}

/** The scale in `count` (at least 2) even steps from 0 to its top, and at the card's quantiles, in ascending order. */
export function legendStops({ mapScale }: Scale, count = 5): LegendStop[] {
  const { top, p50, p95, p99 } = mapScale;
  const steps = Math.max(2, Math.round(count));
  const even = Array.from({ length: steps }, (_, i) => stop((i / (steps - 1)) * top, top, null));
  const quantiles = [p50, p95, p99].map((value, i) =>
    stop(value, top, `${[50, 95, 99][i]} % of normal pixels are below`),
  );
  return [...even, ...quantiles.filter(({ value }) => value <= top)].sort((a, b) => a.share - b.share);
}

function stop(value: number, top: number, note: string | null): LegendStop {
  const [red, green, blue] = colourMap([value], 1, 1, top).data;
  const colour = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
  return { share: value / top, value, colour, note };
}
