/**
 * @file The options by which a method lets its features be chosen, a backbone and layers of it, and what they lead to. What is
 * made of the features is left to the methods.
 */
import { HaleError } from "@hale/core";
import { z } from "zod";
import type { Backbone } from "./description.ts";
import { type FeatureSource, networkFeatures } from "./feature-source.ts";
import { builtInFilters, FILTER_RESPONSES, type FilterResponse } from "./filters.ts";

/** The value of `backbone` that needs no file. */
export const BUILT_IN = "filters";
/** The value of `layers` that takes all that the backbone's maker names. */
const ALL = "all";
/** The value of an option that suits the backbone. */
export const AUTO = "auto";

/** What is chosen. */
export interface FeatureChoice {
  backbone: string;
  layers: string;
  response: FilterResponse;
}

/** Options of a method that looks through a backbone; `auto` tells which layers it takes where none is named. */
export const featureOptions = (auto: string) => ({
  backbone: z
    .string()
    .min(1)
    .default(BUILT_IN)
    .describe("whose features images are compared in: filters (built in), or the file of an imported backbone"),
  layers: z
    .string()
    .min(1)
    .default(AUTO)
    .describe(`of the backbone, with commas between them; all; or auto: all filters, ${auto}`),
  response: z
    .enum(FILTER_RESPONSES)
    .default("log")
    .describe("of the built-in filters: their modulus, its log, or relative to that of all filters of the place"),
});

/** The file of the network that was chosen, or null for the built-in filters. */
export const backboneFile = ({ backbone }: FeatureChoice): string | null => (backbone === BUILT_IN ? null : backbone);

/** Features of what was chosen. Throws OPTION_INVALID for a backbone that was not read. */
export function featureSource({ backbone: name, response }: FeatureChoice, backbone?: Backbone): FeatureSource {
  if (name === BUILT_IN) return builtInFilters(response);
  if (backbone) return networkFeatures(backbone);
  throw new HaleError("OPTION_INVALID", `The backbone ${name} was not read.`, "Give it beside the options.");
}

/** Names of the layers that were chosen; `auto` picks a network's. Throws OPTION_INVALID for one that is named twice. */
export function chosenLayers(
  { layers, backbone }: FeatureChoice,
  source: FeatureSource,
  auto: (source: FeatureSource) => readonly string[],
): readonly string[] {
  if (layers === ALL || (layers === AUTO && backbone === BUILT_IN)) return source.layers;
  if (layers === AUTO) return auto(source);
  const names = layers.split(",").map((name) => name.trim());
  if (new Set(names).size === names.length) return names;
  throw new HaleError("OPTION_INVALID", "A layer is named twice.", "Name each once.", { setting: "layers" });
}
