/**
 * @file The scanner: what stands between a head and its picture. Gain, contrast, an uneven coil, blur and noise vary
 * from picture to picture so widely that no global statistic of a picture tells disease; only where things are does.
 */
import { randomStream } from "./random.ts";

/** Settings of one exposure, drawn at random. */
export interface Acquisition {
  /** Grey value of air, 0..255: above 0, as in stored MR images, and out of the reach of a saturating output. */
  air: number;
  gain: number;
  /** Exponent applied to the signal in units of 255. */
  gamma: number;
  /** Five coefficients, of x, y, xy, x² - ⅓, y² - ⅓ in the logarithm of the coil's sensitivity. */
  bias: readonly number[];
  /** Standard deviation of the point spread, in pixels of a 64-pixel image. */
  blur: number;
  /** Standard deviation of the noise, grey values. */
  noise: number;
}

/** Draws the exposure of `seed`. */
export function drawAcquisition(seed: number): Acquisition {
  const random = randomStream(seed, "acquisition");
  return {
    air: random.uniform(14, 30),
    gain: random.uniform(0.9, 1.02),
    gamma: random.uniform(0.95, 1.05),
    bias: [0.036, 0.036, 0.024, 0.024, 0.024].map((size) => size * random.normal()),
    blur: random.uniform(0.2, 1),
    noise: random.uniform(1, 2.5),
  };
}

/** Gaussian blur with edge pixels repeated; `image` is size x size, `sigma` in pixels. */
function blurImage(image: Float64Array, size: number, sigma: number): Float64Array {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const clamp = (i: number) => Math.min(size - 1, Math.max(0, i));
  const pass = (source: Float64Array, stepX: number, stepY: number) => {
    const target = new Float64Array(source.length);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = 0;
        for (let k = -reach; k <= reach; k++) {
          sum += kernel[k + reach] * source[clamp(y + k * stepY) * size + clamp(x + k * stepX)];
        }
        target[y * size + x] = sum / total;
      }
    }
    return target;
  };
  return pass(pass(image, 1, 0), 0, 1);
}

/**
 * Takes the picture: `signal` is size x size in 0..255, `seed` decides the noise of every pixel.
 * @returns grey values, size x size.
 */
export function expose(signal: Float64Array, size: number, setting: Acquisition, seed: number): Uint8Array {
  const lit = new Float64Array(signal.length);
  const [bx, by, bxy, bxx, byy] = setting.bias;
  for (let i = 0; i < lit.length; i++) {
    const x = (2 * ((i % size) + 0.5)) / size - 1;
    const y = (2 * (Math.floor(i / size) + 0.5)) / size - 1;
    const coil = Math.exp(bx * x + by * y + bxy * x * y + bxx * (x * x - 1 / 3) + byy * (y * y - 1 / 3));
    const contrast = 255 * (Math.max(0, signal[i]) / 255) ** setting.gamma;
    // A knee above 190 keeps a bright scalp beside the coil from clipping to one flat white.
    const bright = setting.gain * coil * contrast;
    lit[i] =
      setting.air + (bright > 190 ? 190 + 35 * Math.tanh((bright - 190) / 35) : bright) * (1 - setting.air / 255);
  }
  const blurred = blurImage(lit, size, (setting.blur * size) / 64);
  const random = randomStream(seed, "noise");
  return Uint8Array.from(
    blurred.map((value) => Math.min(255, Math.max(0, Math.round(value + setting.noise * random.normal())))),
  );
}
