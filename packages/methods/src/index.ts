/** @file Methods, backbones and superpixels, and what a model gives out. */
/** @public */
export { readBackbone, writeBackbone } from "./backbone/backbone-file.ts";
export type { Backbone, BackboneDescription, Layer } from "./backbone/description.ts";
/** @public */
export { type BackboneCredit, type FeatureSource, networkFeatures } from "./backbone/feature-source.ts";
/** @public */
export { builtInFilters, FILTER_LAYERS, FILTER_RESPONSES, type FilterResponse } from "./backbone/filters.ts";
export { type LayerRow, layerRows } from "./backbone/layer-rows.ts";
export { FeatureNetwork } from "./backbone/network.ts";
/** @public */
export {
  importOnnx,
  type ListedLayer,
  listOnnx,
  type OnnxImportOptions,
  onnxOptions,
} from "./backbone/onnx/import-onnx.ts";
export type { LpipsWeights } from "./backbone/perceptual.ts";
export { readPlainModel } from "./backbone/plain-model.ts";
export { exportModel } from "./export.ts";
export type {
  Calibration,
  DirectInference,
  DrawImages,
  DrawnImages,
  FitRecipe,
  Gathering,
  Generator,
  GradientRecipe,
  ImageShape,
  Inference,
  Inheritance,
  Method,
  Observed,
  Preset,
  Recipe,
  RestoringInference,
  RestoringRecipe,
  StepContext,
} from "./method.ts";
export { answersTo } from "./outputs.ts";
export { methodNamed, methods } from "./registry.ts";
export { type ProxyKind, type ProxyOptions, proxyImage } from "./superpixels/proxy.ts";
export type { Superpixels } from "./superpixels/shape.ts";
export type { SlicOptions } from "./superpixels/slic.ts";
