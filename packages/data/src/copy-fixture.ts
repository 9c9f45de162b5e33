/**
 * @file Makes the copies that people plant in data sets without noticing, for the test and the benchmark of leak
 * detection: mirrored, cropped, recompressed, retouched, or all of it. Works on grey rasters of 8 bits.
 */
import { boxBlur, emptyRaster, type Raster, resizePlane, toGrey } from "@hale/imaging";
import type { Random } from "@hale/statistics";

const clamp = (value: number) => Math.min(255, Math.max(0, Math.round(value)));

function greyBytes(raster: Raster): Raster {
  const grey = toGrey(raster);
  if (grey.maxValue === 255) return grey;
  return { ...grey, maxValue: 255, data: Uint8Array.from(grey.data, (value) => Math.round(value / 257)) };
}

function mirror(raster: Raster, x: boolean, y: boolean): Raster {
  const { width, height, data } = greyBytes(raster);
  const out = emptyRaster(width, height, 1);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (y ? height - 1 - row : row) * width + (x ? width - 1 - column : column);
      out.data[row * width + column] = data[from];
    }
  }
  return out;
}

/** Cuts a share away at each side and scales the rest back to the size before. */
function crop(raster: Raster, left: number, top: number, right: number, bottom: number): Raster {
  const { width, height, data } = greyBytes(raster);
  const [x0, x1] = [Math.round(left * width), Math.round((1 - right) * width)];
  const [y0, y1] = [Math.round(top * height), Math.round((1 - bottom) * height)];
  const part = new Float32Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) part.set(data.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  const scaled = resizePlane(part, x1 - x0, y1 - y0, width, height);
  return { width, height, channels: 1, maxValue: 255, data: Uint8Array.from(scaled, clamp) };
}

/** Sharpens by `sharpness` times the difference from a 3 × 3 mean, then v · gain + offset. */
function retouch(raster: Raster, gain: number, offset: number, sharpness: number): Raster {
  const { width, height, data } = greyBytes(raster);
  const soft = boxBlur(data, width, height, 1);
  const out = Uint8Array.from(data, (value, i) => clamp((value + sharpness * (value - soft[i])) * gain + offset));
  return { width, height, channels: 1, maxValue: 255, data: out };
}

/** Luminance table of ITU-T T.81, annex K, row by row. */
const QUANTISATION = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
];
const BASIS = Array.from({ length: 8 }, (_, u) =>
  Array.from({ length: 8 }, (__, x) => (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16)),
);

/** What a JPEG of this quality (1 to 100, libjpeg's scale) leaves: the lossy half of the codec, without its coding. */
function recompress(raster: Raster, quality: number): Raster {
  const { width, height, data } = greyBytes(raster);
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50;
  const out = emptyRaster(width, height, 1);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const at = (y: number, x: number) => Math.min(height - 1, top + y) * width + Math.min(width - 1, left + x);
      const block = BASIS.map((_, y) => BASIS.map((__, x) => data[at(y, x)] - 128));
      const coefficients = product(product(BASIS, block), transposed(BASIS)).map((row, v) =>
        row.map((value, u) => {
          const step = Math.max(1, Math.round(QUANTISATION[v][u] * scale));
          return Math.round(value / step) * step;
        }),
      );
      product(product(transposed(BASIS), coefficients), BASIS).forEach((row, y) => {
        row.forEach((value, x) => {
          if (top + y < height && left + x < width) out.data[at(y, x)] = clamp(value + 128);
        });
      });
    }
  }
  return out;
}

const transposed = (m: number[][]) => m[0].map((_, i) => m.map((row) => row[i]));
const product = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

/** The kinds of copy that must be found, each drawn at random within its limits. */
export const COPIES: Readonly<Record<string, (raster: Raster, random: Random) => Raster>> = {
  "mirrored left-right": (raster) => mirror(raster, true, false),
  "mirrored up-down": (raster) => mirror(raster, false, true),
  "cropped by up to 15 % a side": (raster, random) => cropAtRandom(raster, random),
  "recompressed at quality 30 to 80": (raster, random) => recompress(raster, 30 + 50 * random()),
  "sharpened and re-exposed": (raster, random) => retouch(raster, 0.85 + 0.3 * random(), 20 * random() - 10, 1),
  "mirrored, cropped, re-exposed and recompressed": (raster, random) => {
    const turned = mirror(cropAtRandom(raster, random), random() < 0.5, random() < 0.5);
    return recompress(retouch(turned, 0.9 + 0.2 * random(), 16 * random() - 8, 0.5), 60);
  },
};

function cropAtRandom(raster: Raster, random: Random): Raster {
  return crop(raster, 0.15 * random(), 0.15 * random(), 0.15 * random(), 0.15 * random());
}
