/** @file Pictures that no detector of medical images knows: made of others, or drawn. Nothing random but by seed. */
import { emptyRaster, type Raster, resizePlane } from "@hale/imaging";
import { seededRandom } from "@hale/statistics";

const mapped = (raster: Raster, change: (value: number) => number): Raster => ({
  ...raster,
  data: raster.data.map(change) as Raster["data"],
});

/** By name, what is made of a picture. */
export const madeFrom: Readonly<Record<string, (raster: Raster) => Raster>> = {
  inverted: (raster) => mapped(raster, (value) => raster.maxValue - value),
  "upside down": upsideDown,
  "range times 16": (raster) => {
    const wide = emptyRaster(raster.width, raster.height, raster.channels, 65535);
    for (let i = 0; i < wide.data.length; i++) wide.data[i] = raster.data[i] * 16;
    return wide;
  },
  blank: (raster) => mapped(raster, () => raster.maxValue / 2),
};

function upsideDown(raster: Raster): Raster {
  const row = raster.width * raster.channels;
  const data = raster.data.slice();
  for (let y = 0; y < raster.height; y++) {
    data.set(raster.data.subarray(y * row, (y + 1) * row), (raster.height - 1 - y) * row);
  }
  return { ...raster, data };
}

/** Each pixel by itself, evenly from black to white. */
export function whiteNoise(seed: number): Raster {
  const random = seededRandom(seed);
  const raster = emptyRaster(256, 256, 1);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = Math.floor(random() * 256);
  return raster;
}

/**
 * A landscape in grey, as a photograph has it: a sky that grows brighter towards the horizon, hills, and ground whose texture
 * grows finer with its distance; the spectrum falls as that of natural images does, about with the inverse of the frequency.
 */
export function photograph(seed: number): Raster {
  const random = seededRandom(seed);
  const size = 256;
  const clouds = fractal(size, random);
  const ground = fractal(size, random);
  const ridge = fractal(size, random);
  const horizon = (0.35 + 0.25 * random()) * size;
  const raster = emptyRaster(size, size, 1);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const skyline = horizon + 60 * (ridge[x] - 0.5);
      const sky = 0.55 + (0.35 * y) / size + 0.5 * (clouds[y * size + x] - 0.5);
      const near = (y - skyline) / (size - skyline);
      const earth = 0.15 + 0.25 * near + 0.9 * (ground[y * size + x] - 0.4);
      const value = y < skyline ? sky : earth;
      raster.data[y * size + x] = Math.max(0, Math.min(255, Math.round(255 * value)));
    }
  }
  return raster;
}

/** Sum of noise at all scales, each twice as fine with half the weight; about 0 to 1, mean 0.5. [size, size] */
function fractal(size: number, random: () => number): Float64Array {
  const sum = new Float64Array(size * size);
  for (let side = 4, weight = 0.5; side <= size; side *= 2, weight /= 2) {
    const coarse = Float64Array.from({ length: side * side }, random);
    const fine = resizePlane(coarse, side, side, size, size);
    for (let i = 0; i < sum.length; i++) sum[i] += weight * fine[i];
  }
  return sum;
}
