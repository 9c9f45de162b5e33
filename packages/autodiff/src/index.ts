/** @file The engine: symbolic tensors, differentiation, layers, optimisers, lowering to ONNX, programs. */
export * from "./array64.ts";
export * from "./evaluate.ts";
export * from "./graph.ts";
export { type LoweredModel, lower } from "./lowering/lower.ts";
export { type OnnxGraph, SYMBOLIC_BATCH, type Target } from "./lowering/onnx-graph.ts";
export { decodeModel, encodeMetadata, FLOAT, type StoredModel, type TensorProto } from "./lowering/onnx-model.ts";
export { emitPreprocessing, type PreprocessingOptions } from "./lowering/preprocessing.ts";
export * from "./nn/initialisers.ts";
export * from "./nn/layers.ts";
export * from "./nn/parameters.ts";
export * from "./nn/spectral.ts";
export { expand, reshape, sum } from "./ops/broadcast.ts";
export * from "./ops/convolution.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/finite.ts";
export * from "./ops/indexing.ts";
export * from "./ops/layout.ts";
export * from "./ops/leaf.ts";
export * from "./ops/linear.ts";
export * from "./ops/normalisation.ts";
export * from "./ops/pooling.ts";
export * from "./ops/reduction.ts";
export * from "./ops/resampling.ts";
export * from "./optim/adam.ts";
export * from "./optim/average.ts";
export * from "./optim/ranger.ts";
export * from "./optim/schedule.ts";
export * from "./program.ts";

export * from "./shape.ts";
/** @public */
export { apply, type Op, Tensor } from "./tensor.ts";
export { compileStep, type StepSpec, type TrainingStep, traceStep } from "./training-step.ts";
