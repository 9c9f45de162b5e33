/**
 * @file The synthesis network: styles w⁺ [N, L, d] to images, as a sum of what each resolution adds (skip architecture).
 */
import { add, mul, normal, reshape, type Scope, sliceAxis, type Tensor, zeros } from "@hale/autodiff";
import { type Architecture, channelsAt, resolutions, styleCount } from "./architecture.ts";
import { activate, addBias, asScalar, modulatedConv, styleOf, upsample } from "./layers.ts";

/**
 * Where the noise of each convolution comes from. "random": tensors [N, 1, r, r] of N(0, 1), one a convolution (see
 * `noiseSides`), new for every image. "constant": the same for all images, drawn once and kept beside the parameters.
 */
export type Noise = "constant" | "none" | { random: readonly Tensor[] };

/** Images [N, C, S, S], about [-1, 1], of styles w⁺ [N, L, d]. */
export function synthesise(scope: Scope, styles: Tensor, architecture: Architecture, noise: Noise): Tensor {
  const [n, given] = styles.shape;
  if (given !== styleCount(architecture)) {
    throw new RangeError(
      `Images of ${architecture.size} pixels need ${styleCount(architecture)} styles, not ${given}.`,
    );
  }
  const style = (i: number) => reshape(sliceAxis(styles, 1, i, 1), [n, architecture.latent]);
  // The same for all images: the first styles make as many of it as there are.
  let x = scope.parameter("constant", [1, channelsAt(architecture, 4), 4, 4], normal(1));
  let image: Tensor | null = null;
  let layer = 0;
  for (const resolution of resolutions(architecture)) {
    const block = scope.child(`${resolution}`);
    const channels = channelsAt(architecture, resolution);
    if (resolution > 4) x = styledConv(block.child("conv0"), x, style(layer), channels, noiseAt(noise, layer++), true);
    x = styledConv(block.child("conv1"), x, style(layer), channels, noiseAt(noise, layer++), false);
    // The layer to colours shares its style with the next resolution's first convolution.
    const part = toImage(block.child("toImage"), x, style(layer), architecture.channels);
    image = image ? add(upsample(image), part) : part;
  }
  return image!;
}

function noiseAt(noise: Noise, layer: number): "constant" | "none" | Tensor {
  return typeof noise === "string" ? noise : noise.random[layer];
}

/** Modulated 3x3 convolution, noise with a learnt strength, bias, activation. */
function styledConv(
  scope: Scope,
  x: Tensor,
  w: Tensor,
  channels: number,
  noise: "constant" | "none" | Tensor,
  up: boolean,
): Tensor {
  const weight = scope.parameter("weight", [channels, x.shape[1], 3, 3], normal(1));
  let y = modulatedConv(x, weight, styleOf(scope, w, x.shape[1]), { up });
  const strength = asScalar(scope.parameter("noiseStrength", [], zeros));
  const side = y.shape[2];
  const fixed = scope.buffer("noise", [1, 1, side, side], normal(1));
  if (noise !== "none") y = add(y, mul(noise === "constant" ? fixed : noise, strength));
  return activate(addBias(scope, y));
}

/** To colours: a modulated 1x1 convolution without demodulation. */
function toImage(scope: Scope, x: Tensor, w: Tensor, channels: number): Tensor {
  const inputs = x.shape[1];
  const weight = scope.parameter("weight", [channels, inputs, 1, 1], normal(1));
  const styles = mul(styleOf(scope, w, inputs), 1 / Math.sqrt(inputs));
  return addBias(scope, modulatedConv(x, weight, styles, { demodulate: false }));
}
