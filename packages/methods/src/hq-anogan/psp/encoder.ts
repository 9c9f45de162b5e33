/**
 * @file The pSp encoder (Richardson et al. 2021, arXiv 2008.00951), which HQ-AnoGAN uses: an image to the offsets Δ of its L
 * style vectors from the mean intermediate latent. Three maps of a residual network, fine to coarse, are joined by a feature
 * pyramid; each style reads the map of its scale. And a lite one of the same build, for small images and few of them.
 */
import { add, concat, convLayer, reshape, resizeBilinear, type Scope, type Tensor } from "@hale/autodiff";
import { type Mode, type Stage, stages, stem } from "./irse.ts";
import { map2style } from "./map2style.ts";

export type { Mode, Updates } from "./irse.ts";

/** Side of the images that the full encoder takes. */
export const FULL_SIZE = 256;
/** Length of the full encoder's style vectors. */
export const FULL_STYLE_WIDTH = 512;
/** The lite encoder's smallest images: their coarsest map is 2 x 2. */
export const LITE_SMALLEST = 32;

const FULL_STEM = 64;
/** IR-SE-50. */
const FULL_STAGES: readonly Stage[] = [
  { channels: 64, units: 3 },
  { channels: 128, units: 4 },
  { channels: 256, units: 14 },
  { channels: 512, units: 3 },
];

/** Styles before the first are coarse, before the second middle, from there on fine. */
const MIDDLE_FROM = 3;
const FINE_FROM = 7;

export interface FullEncoderOptions {
  /** Number L of style vectors. */
  styles: number;
}

export interface LiteEncoderOptions extends FullEncoderOptions {
  /** Channels of the first layer; the stages have 1, 2, 4 and 8 times as many. */
  width: number;
  /** Length d of the style vectors. */
  styleWidth: number;
}

/** What the styles read: p1 (fine) to p3 (coarse), each half as large as the one before. */
type Pyramid = readonly [fine: Tensor, middle: Tensor, coarse: Tensor];

/** A map resized to another's sides, added to that one. */
function join(coarse: Tensor, fine: Tensor): Tensor {
  return add(resizeBilinear(coarse, [fine.shape[2], fine.shape[3]], { alignCorners: true }), fine);
}

/** One vector a style, [N, L, d]. */
function readStyles(scope: Scope, [fine, middle, coarse]: Pyramid, count: number): Tensor {
  const vectors = Array.from({ length: count }, (_, i) => {
    const map = i < MIDDLE_FROM ? coarse : i < FINE_FROM ? middle : fine;
    const vector = map2style(scope.child(`${i}`), map);
    return reshape(vector, [vector.shape[0], 1, vector.shape[1]]);
  });
  return concat(vectors, 1);
}

/**
 * The full encoder: images x [N, C, 256, 256] in [-1, 1] to Δ [N, L, 512]. Other sizes are refused: with the layers made for
 * 256 they would leave other than one pixel a style, which nothing later would notice.
 */
export function fullEncoder(scope: Scope, x: Tensor, { styles }: FullEncoderOptions, mode: Mode): Tensor {
  const [, , height, width] = x.shape;
  if (height !== FULL_SIZE || width !== FULL_SIZE)
    throw new RangeError(
      `The full encoder takes images of ${FULL_SIZE} x ${FULL_SIZE}, not ${height} x ${width}: resize them.`,
    );
  const first = stem(scope.child("stem"), x, FULL_STEM, mode);
  const [, c1, c2, c3] = stages(scope.child("body"), first, FULL_STAGES, mode);
  const lateral = (name: string, map: Tensor) =>
    convLayer(scope.child(`lateral/${name}`), map, FULL_STYLE_WIDTH, 1, { bias: true });
  // c3 has the styles' width already.
  const p2 = join(c3, lateral("middle", c2));
  const p1 = join(p2, lateral("fine", c1));
  return readStyles(scope.child("style"), [p1, p2, c3], styles);
}

/**
 * The lite encoder: images x [N, C, R, R] in [-1, 1], R a power of two from 32 on, to Δ [N, L, d]. Its maps have sides R/4,
 * R/8 and R/16.
 */
export function liteEncoder(
  scope: Scope,
  x: Tensor,
  { styles, width, styleWidth }: LiteEncoderOptions,
  mode: Mode,
): Tensor {
  const [, , side, across] = x.shape;
  if (side !== across || side < LITE_SMALLEST || !Number.isInteger(Math.log2(side)))
    throw new RangeError(
      `The lite encoder takes square images whose side is a power of two from ${LITE_SMALLEST} on, not ${side} x ${across}.`,
    );
  const plan = [1, 2, 4, 8].map((times) => ({ channels: times * width, units: 2 }));
  const first = stem(scope.child("stem"), x, width, mode);
  const [, c1, c2, c3] = stages(scope.child("body"), first, plan, mode);
  const lateral = (name: string, map: Tensor) =>
    convLayer(scope.child(`lateral/${name}`), map, styleWidth, 1, { bias: true });
  const p3 = lateral("coarse", c3);
  const p2 = join(p3, lateral("middle", c2));
  const p1 = join(p2, lateral("fine", c1));
  return readStyles(scope.child("style"), [p1, p2, p3], styles);
}
