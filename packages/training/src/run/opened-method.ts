/** @file A method as the settings of a run ask for it: its options, the recipe that they make, and the backbone that it reads. */
import type { NamedArray } from "@hale/autodiff";
import { type Backbone, type ImageShape, type Inheritance, type Method, methodNamed, type Recipe } from "@hale/methods";
import type { RunSettings } from "./run-settings.ts";

export interface OpenedMethod {
  method: Method;
  recipe: Recipe;
  shape: ImageShape;
  /** Weights of the backbone's file, in its order; none where the options ask for no file. */
  backbone: readonly NamedArray[];
  /** What the options ask to take from another run, or null. */
  inheritance: Inheritance | null;
}

/** Reads the backbone that options name. */
export type ReadBackbone = (file: string) => Promise<Backbone>;

/** Throws OPTION_INVALID for options or sizes that the method does not take, and what reading a backbone throws. */
export async function openMethod(
  settings: Pick<RunSettings, "method" | "options" | "size" | "channels">,
  readBackbone: ReadBackbone,
): Promise<OpenedMethod> {
  const method = methodNamed(settings.method);
  const shape: ImageShape = { size: settings.size, channels: settings.channels };
  method.checkShape(shape);
  const options = method.options.parse(settings.options);
  const file = method.backbone?.(options);
  const backbone = file ? await readBackbone(file) : undefined;
  return {
    method,
    recipe: method.create(options, shape, backbone),
    shape,
    backbone: [...(backbone?.weights.values() ?? [])],
    inheritance: method.inherits?.(options) ?? null,
  };
}
