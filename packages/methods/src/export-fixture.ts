/**
 * @file For tests: the models of detectors of every registered method, in every setting that changes which operators are
 * written. Nothing is trained: first weights, and for fits a state settled from random numbers.
 */
import { input, sizeOf } from "@hale/autodiff";
import { Random } from "@hale/core";
import type { Backbone } from "./backbone/description.ts";
import { exportModel } from "./export.ts";
import type { FitRecipe, ImageShape, Method, Recipe } from "./method.ts";
import { methods } from "./registry.ts";
import { smallOptions } from "./small-fixture.ts";

export interface Exported {
  method: string;
  options: Record<string, unknown>;
  shape: ImageShape;
  model: Uint8Array;
}

/** Settings by method beside the small ones, each with the side of its images where that is not 32. */
const VARIANTS: Readonly<Record<string, readonly ({ size?: number } & Record<string, unknown>)[]>> = {
  sagan: [{ grid: 1 }, { size: 64, grid: 4, positionCode: "reference" }, { head: "published" }],
  proxyano: [{ reduction: "top", smoothing: 2 }, { slots: 1 }],
  // Beyond 128 pixels images are filtered by convolutions instead of matrices.
  "hq-anogan": [
    { scoreFeatures: 1, scorePrior: 1, scoreOffset: 1, scoreFAnoGan: 1 },
    { size: 256, base: 1024 },
  ],
  autoencoder: [],
  patchcore: [{ score: "largest" }, { score: "reweighted", dimensions: 16, neighbourhood: 3, smoothing: 0 }],
  knn: [{ response: "modulus" }, { response: "relative", metric: "cosine" }, { regions: 1 }],
};

const NORMALS = 5;

async function stateOf(recipe: Recipe, { size, channels }: ImageShape) {
  const random = new Random(1, "exports");
  if (recipe.learning === "gradient") return recipe.initialState(random);
  const { observe, gathering, settle } = recipe as FitRecipe;
  const seen = Object.entries(observe(input("x", [1, channels, size, size])));
  const normals = Array.from({ length: NORMALS }, () =>
    Object.fromEntries(seen.map(([name, { shape }]) => [name, random.uniforms(sizeOf(shape), 0, 1)])),
  );
  if (!gathering) {
    return settle(Object.fromEntries(seen.map(([name]) => [name, normals.map((one) => one[name])])), random);
  }
  const kept = gathering.start(NORMALS);
  normals.forEach((one, i) => {
    gathering.add(kept, one, i, random);
  });
  return settle(Object.fromEntries([...kept].map(([name, { data }]) => [name, [data]])), random);
}

/** One model. */
async function exportOf(
  method: Method,
  options: Record<string, unknown>,
  shape: ImageShape,
  backbone?: Backbone,
): Promise<Exported> {
  const recipe = method.create(method.options.parse(options), shape, backbone);
  const model = exportModel(recipe, shape, await stateOf(recipe, shape));
  return { method: method.name, options, shape, model };
}

/** All of them, with the given backbones looked through where a method can. */
export async function* everyExport(backbones: readonly Backbone[]): AsyncGenerator<Exported> {
  for (const method of methods.values()) {
    const small = smallOptions(method.name);
    for (const channels of [1, 3] as const) yield exportOf(method, small, { size: 32, channels });
    for (const { size = 32, ...changes } of VARIANTS[method.name] ?? []) {
      yield exportOf(method, { ...small, ...changes }, { size, channels: 1 });
    }
  }
  for (const backbone of backbones) {
    const options = { backbone: "network", layers: "all", regions: 1 };
    for (const channels of [1, 3] as const)
      yield exportOf(methods.get("knn")!, options, { size: 32, channels }, backbone);
  }
}
