/** @file map2style: from a map of features to one style vector (pSp, Richardson et al. 2021). */
import { convLayer, leakyRelu, reshape, type Scope, type Tensor } from "@hale/autodiff";
import { equalisedDense } from "../stylegan2/layers.ts";

const SLOPE = 0.01;

/**
 * A map x [N, d, s, s], s a power of two, to a vector [N, d]: convolutions that halve the sides until one pixel is left,
 * then a dense layer.
 */
export function map2style(scope: Scope, x: Tensor): Tensor {
  const [n, width, height] = x.shape;
  let y = x;
  for (let i = 0; i < Math.floor(Math.log2(height)); i++) {
    y = leakyRelu(convLayer(scope.child(`conv${i + 1}`), y, width, 3, { stride: 2, pad: 1, bias: true }), SLOPE);
  }
  // More than one pixel would be taken for more images, and the batch for a larger one.
  if (y.shape[2] !== 1 || y.shape[3] !== 1)
    throw new RangeError(`map2style needs a square map whose side is a power of two, not [${x.shape}].`);
  return equalisedDense(scope.child("dense"), reshape(y, [n, width]), width);
}
