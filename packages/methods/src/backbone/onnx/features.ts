/**
 * @file Which layers of an ONNX model are features: those that the user names, by layer, node, value or module, or the last
 * of each size.
 */
import { HaleError } from "@hale/core";
import { type Layer, PICTURE } from "../description.ts";
import { layerName, modulesOf } from "./names.ts";
import type { Draft, Row, Translation } from "./translate.ts";

/** A layer of the translation and the name that it gets. */
export interface Feature {
  id: string;
  name: string;
}

/**
 * The layers that have these names. A module's name is its last layer. Throws OPTION_INVALID for a name that nothing has,
 * and for layers that cannot be features.
 */
export function namedFeatures(translation: Translation, names: readonly string[], file: string): Feature[] {
  const refused = (fault: string, remedy: string) =>
    new HaleError("OPTION_INVALID", fault, remedy, { setting: "features" });
  const { rows } = translation;
  const found = names.map((name) => {
    const row = rowNamed(rows, name);
    if (!row) {
      const some = defaultFeatures(translation).map((feature) => feature.name);
      throw refused(
        `${file} has no layer ${name}.`,
        some.length > 0 ? `Name some of its layers, such as ${some.join(", ")}.` : "Name some of its layers.",
      );
    }
    const { value } = row;
    if (value.kind === "missing") {
      throw refused(
        `The layer ${name} of ${file} cannot be taken over: ${value.reason}.`,
        "Name layers that do not hang on it, nearer to the image.",
      );
    }
    if (value.id === PICTURE || value.channels.form !== "planes" || value.border)
      throw refused(`The layer ${name} of ${file} has no features with rows and columns.`, "Name another one.");
    return { id: value.id, name };
  });
  for (const [i, { id, name }] of found.entries()) {
    const same = found.slice(0, i).find((other) => other.id === id);
    if (same) throw refused(`${same.name} and ${name} are one layer of ${file}.`, "Name it once.");
  }
  return found;
}

function rowNamed(rows: readonly Row[], name: string): Row | undefined {
  return (
    rows.find((row) => row.name === name) ??
    rows.find(({ node }) => node.name === name) ??
    rows.find(({ node }) => node.outputs.includes(name)) ??
    rows.findLast(({ place }) => modulesOf(place).includes(name))
  );
}

/**
 * Of each size of rows and columns, the last layer through which everything passes: the end of a stage. One within a block
 * that goes on to smaller sizes comes after those that are not. Classes are none, nor are margins.
 */
export function defaultFeatures(translation: Translation): Feature[] {
  const { drafts } = translation;
  const classes = classLayers(drafts);
  const depth = shrinkingModules(translation);
  const lastReader = new Map<string, number>();
  drafts.forEach(({ layer }, i) => {
    for (const id of layer.inputs) lastReader.set(id, i);
  });
  const ends = new Map<string, string>();
  /** Where what has been made so far is read for the last time. */
  let open = lastReader.get(PICTURE) ?? 0;
  drafts.forEach(({ layer, channels, shape }, i) => {
    const passes = open <= i && layer.op !== "pad" && channels.form === "planes";
    const size = `${shape.slice(1)}`;
    const better = depth(layer.id) <= depth(ends.get(size) ?? layer.id);
    if (passes && better && !classes.has(layer.id)) ends.set(size, layer.id);
    open = Math.max(open, lastReader.get(layer.id) ?? 0);
  });
  return titled(translation, new Set(ends.values()));
}

/**
 * How many of the modules around a layer have layers of more than one size. Those that hold no others do not count: the
 * newer exporter writes every use of one activation in a block as one module.
 */
function shrinkingModules({ rows, drafts }: Translation): (id: string) => number {
  const places = new Map(rows.map(({ value, place }) => [value.kind === "layer" ? value.id : "", place]));
  const sizes = new Map<string, Set<string>>();
  const holders = new Set<string>();
  for (const { layer, channels, shape } of drafts) {
    const place = places.get(layer.id);
    if (!place || channels.form !== "planes") continue;
    const modules = modulesOf(place);
    for (const module of modules) sizes.set(module, (sizes.get(module) ?? new Set()).add(`${shape.slice(1)}`));
    for (const module of modules.slice(0, -1)) holders.add(module);
  }
  const shrinks = (module: string) => holders.has(module) && (sizes.get(module)?.size ?? 0) > 1;
  return (id) => {
    const place = places.get(id);
    return place ? modulesOf(place).filter(shrinks).length : 0;
  };
}

/** Layers whose mean over the picture is all that comes out: a map of classes and what makes it of the layer before. */
function classLayers(drafts: readonly Draft[]): Set<string> {
  const known = new Map<string, Layer>(drafts.map(({ layer }) => [layer.id, layer]));
  const result = new Set<string>();
  const mean = drafts.findLast(({ layer }) => layer.op === "globalavg");
  const after = drafts.slice(drafts.indexOf(mean!) + 1);
  if (!mean || after.some(({ layer }) => layer.op === "conv")) return result;
  for (let at = known.get(mean.layer.inputs[0]); at; at = known.get(at.inputs[0])) {
    result.add(at.id);
    if (at.op !== "activate" && at.op !== "depthwise") break;
  }
  return result;
}

/** Names for chosen layers: that of the outermost module which ends there and holds no other of them, or the layer's. */
function titled({ rows }: Translation, ids: ReadonlySet<string>): Feature[] {
  const idOf = ({ value }: Row) => (value.kind === "layer" ? value.id : "");
  const last = new Map<string, Row>();
  const holds = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const module of modulesOf(row.place)) {
      last.set(module, row);
      if (!ids.has(idOf(row))) continue;
      holds.set(module, (holds.get(module) ?? new Set()).add(idOf(row)));
    }
  }
  const first = new Map<string, Row>();
  for (const row of rows) if (ids.has(idOf(row)) && !first.has(idOf(row))) first.set(idOf(row), row);
  return [...first].map(([id, row]) => {
    const module = modulesOf(row.place).find((name) => last.get(name) === row && holds.get(name)?.size === 1);
    return { id, name: module !== undefined && layerName(module) === module ? module : row.name };
  });
}

/** Modules that end with a row, from the outermost. */
export function endsOf(rows: readonly Row[]): Map<Row, string[]> {
  const last = new Map<string, Row>();
  for (const row of rows) for (const module of modulesOf(row.place)) last.set(module, row);
  const result = new Map<Row, string[]>();
  for (const [module, row] of last) result.set(row, [...(result.get(row) ?? []), module]);
  return result;
}
