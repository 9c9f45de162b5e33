/** @file How scans become images where a request asks for something else than the detector's card says, in the words of hale's command. */
import { HaleError } from "@hale/core";
import { type AskedInput, parseNormalisation, parseSlices } from "@hale/data";
import type { Aggregation } from "@hale/detector";
import * as z from "zod";

const words = z.string().max(100).optional();

/** As a query has it. */
export const way = z.object({
  normalise: words.meta({
    description: "Scans: window:<centre>,<width>, percentile:<low>-<high>[/slice][/foreground], file or full-scale.",
  }),
  slices: words.meta({ description: "Scans: which slices, for example axial:0.2-0.8, coronal:40-120 or stored." }),
  aggregate: words.meta({ description: "Volumes: their score of their slices': max, mean or top-k:<number>." }),
});
export type Way = z.infer<typeof way>;

/** Whether nothing is asked for but what the card says. */
export const isCardsOwn = (way: Way) => Object.values(way).every((value) => value === undefined);

export interface ParsedWay {
  input: AskedInput;
  aggregation: Aggregation | undefined;
}

/** Throws OPTION_INVALID. */
export function parseWay({ normalise, slices, aggregate }: Way): ParsedWay {
  return {
    input: {
      ...(normalise !== undefined && { normalisation: parseNormalisation(normalise) }),
      ...(slices !== undefined && { slices: parseSlices(slices) }),
    },
    aggregation: aggregate === undefined ? undefined : aggregationOf(aggregate),
  };
}

function aggregationOf(text: string): Aggregation {
  if (text === "max" || text === "mean") return { kind: text };
  const k = Number(/^top-k:(\d{1,4})$/.exec(text)?.[1]);
  if (k >= 1) return { kind: "top-k", k };
  const remedy = "It must be max, mean or top-k:<number>, for example top-k:5.";
  throw new HaleError("OPTION_INVALID", `${JSON.stringify(text)} brings no scores together.`, remedy);
}
