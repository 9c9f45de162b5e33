/**
 * @file What a network's layers are called. PyTorch's exporters leave the modules' names in the nodes: the older one in
 * the node's name (`/layer1/layer1.0/relu/Relu`), the newer one in its metadata. Other exporters' names are taken as they
 * are. A name must also be one for a layer of a backbone.
 */
import type { OnnxNode } from "./model.ts";

/** A node's module, such as `layer1.0.relu` ("" at the top), and its own name in there. */
export interface Place {
  module: string;
  leaf: string;
}

export function placeOf({ name, op, outputs, scopes }: OnnxNode): Place {
  if (scopes.length > 1) return { module: scopes[scopes.length - 2], leaf: scopes[scopes.length - 1] };
  const parts = (name || outputs[0] || op).split("/").filter((part) => part !== "");
  // Containers name their children whole: after layer1 comes layer1.0, after block comes block.0, and then conv1 alone.
  let module = "";
  for (const [i, part] of parts.slice(0, -1).entries()) {
    const before = parts[i - 1] ?? "";
    if (i > 0 && part.startsWith(`${before}.`)) module = module.slice(0, module.length - before.length) + part;
    else module = module === "" ? part : `${module}.${part}`;
  }
  return { module, leaf: parts[parts.length - 1] ?? op };
}

/** Deeper than modules are; keeps a long name of nothing but dots short. */
const DEEPEST = 64;

/** A module and those around it, from the outermost: `a`, `a.b` and `a.b.c`. */
export function modulesOf({ module }: Place): string[] {
  const result: string[] = [];
  let end = -1;
  while (module !== "" && result.length < DEEPEST) {
    end = module.indexOf(".", end + 1);
    if (end < 0) return [...result, module];
    result.push(module.slice(0, end));
  }
  return result;
}

/**
 * Names for layers, each another one: the module's where the layer is alone in it, else the module's and its own. Those in
 * `taken` are given to nobody.
 */
export function namesOf(places: readonly Place[], taken: ReadonlySet<string> = new Set()): string[] {
  const inside = new Map<string, number>();
  for (const place of places) for (const module of modulesOf(place)) inside.set(module, (inside.get(module) ?? 0) + 1);
  const given = new Set(taken);
  return places.map(({ module, leaf }) => {
    const wanted = layerName(inside.get(module) === 1 ? module : module === "" ? leaf : `${module}.${leaf}`);
    let name = wanted;
    for (let i = 2; given.has(name); i++) name = `${wanted.slice(0, 90)}_${i}`;
    given.add(name);
    return name;
  });
}

/** The nearest name that a layer may have (see the schema of the description). */
export function layerName(name: string): string {
  const cleaned = name.replace(/[^\w.-]/g, "_").slice(0, 90);
  const fits = /^[A-Za-z]/.test(cleaned) && !/^[vc]\d+$/.test(cleaned) && cleaned !== "input" && cleaned !== "image";
  return fits ? cleaned : `n_${cleaned}`;
}
