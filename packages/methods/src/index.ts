/** @file Methods, backbones and superpixels, and what a model gives out. */
export { readBackbone, writeBackbone } from "./backbone/backbone-file.ts";
export type { Backbone, BackboneDescription, Layer } from "./backbone/description.ts";
export { type BackboneCredit, type FeatureSource, networkFeatures } from "./backbone/feature-source.ts";
export { builtInFilters, FILTER_LAYERS, FILTER_RESPONSES, type FilterResponse } from "./backbone/filters.ts";
export { type LayerRow, layerRows } from "./backbone/layer-rows.ts";
export { FeatureNetwork } from "./backbone/network.ts";
export {
  importOnnx,
  type ListedLayer,
  listOnnx,
  type OnnxImportOptions,
  onnxOptions,
} from "./backbone/onnx/import-onnx.ts";
export {
  type LpipsWeights,
  lpipsDistance,
  perceptualDistance,
  readLpipsWeights,
  unitNormalise,
} from "./backbone/perceptual.ts";
export { readPlainModel } from "./backbone/plain-model.ts";
export { exportModel } from "./export.ts";
export {
  type Calibration,
  type DirectInference,
  type DrawImages,
  type DrawnImages,
  type FitRecipe,
  type Generator,
  type GradientRecipe,
  type ImageShape,
  type Inference,
  type Inheritance,
  inferenceArrays,
  inferenceOf,
  type Method,
  type Observed,
  type Preset,
  type Recipe,
  type RestoringInference,
  type RestoringRecipe,
  type StepContext,
} from "./method.ts";
export { answersTo } from "./outputs.ts";
export { methodNamed, methods } from "./registry.ts";
export {
  PROXIES,
  type ProxyKind,
  type ProxyOptions,
  proxyImage,
  superpixelImage,
  superpixelMeans,
} from "./superpixels/proxy.ts";
export type { Superpixels } from "./superpixels/shape.ts";
export { type SlicOptions, slic } from "./superpixels/slic.ts";
