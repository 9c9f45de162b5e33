/** @file What can be chosen for a run in a page, and the settings that a choice comes to. */
import { HaleError } from "@hale/core";
import { type Method, methods } from "@hale/methods";
import type { RunSettings } from "../run/run-settings.ts";

export interface TabPreset {
  name: string;
  /** Side of images in pixels. */
  size: number;
  options: Record<string, unknown>;
}

/** A method as a page offers it. */
export interface TabMethod {
  name: string;
  title: string;
  source: string;
  learning: Method["learning"];
  needsUnlabelled: boolean;
  /** From small to large; "default" is the method's own. */
  presets: TabPreset[];
  /** Iterations where none are asked for; null for a fit. */
  iterations: number | null;
  /** Why it cannot learn in a page; null where it can. */
  refused: string | null;
}

/** Networks that a page trains in minutes where its method has no such preset. */
const SMALL: Readonly<Record<string, Omit<TabPreset, "name">>> = {
  sagan: { size: 64, options: { width: 8, residualBlocks: 2, batch: 4 } },
  autoencoder: { size: 64, options: { hidden: 256, batch: 32 } },
};

/** Between two checkpoints of a fit, in normals. */
const NORMALS_BETWEEN = 64;
/** Checkpoints, with pictures, in a run by gradient. */
const CHECKPOINTS = 16;

/** All methods. */
export const tabMethods = (): TabMethod[] =>
  [...methods.values()].map((method) => {
    const { name, title, source, learning, needsUnlabelled, presets = {} } = method;
    const size = method.size ?? 64;
    const own = Object.entries(presets).map(([preset, { size, options }]) => ({
      name: preset,
      size,
      options: { ...options },
    }));
    const small = SMALL[name];
    return {
      ...{ name, title, source, learning, needsUnlabelled },
      presets: [...(small ? [{ name: "small", ...small }] : []), ...own, { name: "default", size, options: {} }],
      iterations: learning === "gradient" ? 1000 : null,
      refused: refusedInTab(method),
    };
  });

/** Why a method cannot learn in a page; null where it can. */
function refusedInTab(method: Method): string | null {
  const options = method.options.safeParse({});
  if (!options.success) return "It needs settings that have no default.";
  const file = method.backbone?.(options.data);
  return file ? `It looks through a network in a file (${file}), which a page does not read.` : null;
}

export interface TabChoice {
  method: string;
  preset: string;
  /** Side of images; the preset's if missing. */
  size?: number;
  colour: boolean;
  seed: number;
  /** Ignored by a fit. */
  iterations: number;
  falseAlarmRate: number;
  device: "webgpu" | "wasm";
  threads: number;
  /** What messages call the data set. */
  data: string;
}

/** The settings of a run. Throws OPTION_INVALID for what the method does not take. */
export function tabSettings(choice: TabChoice): RunSettings {
  const offered = tabMethods().find(({ name }) => name === choice.method);
  const preset = offered?.presets.find(({ name }) => name === choice.preset);
  if (!offered || !preset) {
    throw new HaleError(
      "OPTION_INVALID",
      `There is no preset ${choice.preset} of a method ${choice.method}.`,
      "Choose one of those that are offered.",
    );
  }
  const method = methods.get(choice.method)!;
  const size = choice.size ?? preset.size;
  const channels: 1 | 3 = choice.colour ? 3 : 1;
  method.checkShape({ size, channels });
  const { seed, falseAlarmRate, device, threads, data, iterations } = choice;
  const common = {
    ...{ data, method: method.name, size, channels, seed, falseAlarmRate, device, threads },
    options: method.options.parse(preset.options),
    keep: 1,
    corrupt: "refuse",
    every: NORMALS_BETWEEN,
  } as const;
  if (offered.learning === "fit") return common;
  return { ...common, iterations, selection: "pseudo-auc", every: Math.max(1, Math.ceil(iterations / CHECKPOINTS)) };
}
