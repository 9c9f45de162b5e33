/**
 * @file What a picture is like as a whole, in some two hundred numbers: where its edges lie and which way they face
 * (Dalal and Triggs, "Histograms of Oriented Gradients", 2005), its fine texture at three scales (Ojala, Pietikäinen and
 * Mäenpää, "Multiresolution Gray-Scale and Rotation Invariant Texture Classification with Local Binary Patterns", 2002),
 * how bright it is, and how coloured. All are pooled over large parts of the picture, so that a lesion
 * changes little and another organ much. What is usual among pictures is left to gaussian.ts.
 */
import { checkRaster, type Raster, resizePlane, toGrey } from "@hale/imaging";
import { quantileOfSorted } from "@hale/statistics";

/** Side at which pictures are described, in pixels; texture at half and a quarter of it too. */
const SIDE = 64;
/** Cells along one side, and directions, of the histograms of edges. */
const CELLS = 4;
const DIRECTIONS = 8;
/** Sum of gradients per pixel below which a picture counts as having no edges; of full scale. */
const FAINT = 1e-3;
/** Least difference of brightness that counts in a pattern, of full scale: less is what recompression makes. */
const STEP = 0.01;
/** Patterns of eight neighbours: none to all of them brighter, in one run, and all others. */
const PATTERNS = 10;
/** Added to brightness, of full scale, before its logarithm is taken: differences near black count little. */
const DARK = 0.02;
/** Share of pixels that are darker than what counts as bright. */
const BRIGHT = 0.99;

/** The parts of a description, and how many numbers each has. */
export const PARTS = {
  structure: CELLS * CELLS * DIRECTIONS,
  texture: 3 * PATTERNS,
  brightness: 3,
  colour: 3,
} as const;
export type Part = keyof typeof PARTS;
export type Description = Record<Part, Float64Array>;

/** The description of a picture of any size. Throws what `checkRaster` throws. */
export function describe(raster: Raster): Description {
  checkRaster(raster);
  const grey = toGrey(raster);
  const plane = reduced(grey, 0, SIDE);
  const half = halved(plane, SIDE);
  const quarter = halved(half, SIDE / 2);
  return {
    structure: edges(half, SIDE / 2),
    texture: Float64Array.from([...patterns(plane, SIDE), ...patterns(half, SIDE / 2), ...patterns(quarter, SIDE / 4)]),
    brightness: spread(plane),
    colour: colourOf(raster),
  };
}

/** One channel at [side, side], as shares of full scale. */
function reduced({ data, width, height, channels, maxValue }: Raster, channel: number, side: number): Float64Array {
  const plane =
    channels === 1 ? data : Float64Array.from({ length: width * height }, (_, i) => data[i * channels + channel]);
  return Float64Array.from(resizePlane(plane, width, height, side, side), (value) => value / maxValue);
}

/** Means of 2 x 2 pixels of a plane [side, side]. */
function halved(plane: Float64Array, side: number): Float64Array {
  const half = side / 2;
  return Float64Array.from({ length: half * half }, (_, i) => {
    const at = 2 * Math.floor(i / half) * side + 2 * (i % half);
    return (plane[at] + plane[at + 1] + plane[at + side] + plane[at + side + 1]) / 4;
  });
}

/**
 * Square roots of the shares of all gradients that lie in each cell and face each direction, [CELLS, CELLS, DIRECTIONS].
 * Dark to bright and bright to dark are different directions: an inverted picture is not the same.
 */
function edges(plane: Float64Array, side: number): Float64Array {
  const out = new Float64Array(PARTS.structure);
  let sum = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const dx = x > 0 && x < side - 1 ? (plane[at + 1] - plane[at - 1]) / 2 : 0;
      const dy = y > 0 && y < side - 1 ? (plane[at + side] - plane[at - side]) / 2 : 0;
      const size = Math.sqrt(dx * dx + dy * dy);
      if (size === 0) continue;
      sum += size;
      // Shared between the two nearest directions, whose middles are at half steps.
      const direction = (Math.atan2(dy, dx) / (2 * Math.PI)) * DIRECTIONS + DIRECTIONS - 0.5;
      const lower = Math.floor(direction);
      const share = direction - lower;
      const cell = (Math.floor((y * CELLS) / side) * CELLS + Math.floor((x * CELLS) / side)) * DIRECTIONS;
      out[cell + (lower % DIRECTIONS)] += size * (1 - share);
      out[cell + ((lower + 1) % DIRECTIONS)] += size * share;
    }
  }
  const whole = sum + FAINT * side * side;
  return out.map((value) => Math.sqrt(value / whole));
}

/** Square roots of the shares of pixels that show each pattern. */
function patterns(plane: Float64Array, side: number): Float64Array {
  const around = [-side - 1, -side, -side + 1, 1, side + 1, side, side - 1, -1];
  const counts = new Float64Array(PATTERNS);
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      let bits = 0;
      for (let k = 0; k < around.length; k++) if (plane[at + around[k]] > plane[at] + STEP) bits |= 1 << k;
      counts[PATTERN_OF[bits]]++;
    }
  }
  const pixels = (side - 2) * (side - 2);
  return counts.map((count) => Math.sqrt(count / pixels));
}

/** The pattern of each set of brighter neighbours. */
const PATTERN_OF = Uint8Array.from({ length: 256 }, (_, bits) => {
  let ones = 0;
  let changes = 0;
  for (let k = 0; k < 8; k++) {
    const bit = (bits >> k) & 1;
    ones += bit;
    if (bit !== ((bits >> ((k + 7) % 8)) & 1)) changes++;
  }
  return changes <= 2 ? ones : PATTERNS - 1;
});

/** Natural logarithms of mean, standard deviation and bright end: twice the range of values adds as much to each. */
function spread(plane: Float64Array): Float64Array {
  let mean = 0;
  for (const value of plane) mean += value / plane.length;
  let variance = 0;
  for (const value of plane) variance += (value - mean) ** 2 / plane.length;
  const bright = quantileOfSorted(plane.slice().sort(), BRIGHT);
  return Float64Array.of(mean, Math.sqrt(variance), bright).map((value) => Math.log(Math.max(0, value) + DARK));
}

/** Mean red less green, mean green less blue, and the root mean square of the range over the channels; of full scale. */
function colourOf(raster: Raster): Float64Array {
  if (raster.channels === 1) return new Float64Array(PARTS.colour);
  const [red, green, blue] = [0, 1, 2].map((channel) => reduced(raster, channel, SIDE / 2));
  const sums = new Float64Array(PARTS.colour);
  for (let i = 0; i < red.length; i++) {
    sums[0] += red[i] - green[i];
    sums[1] += green[i] - blue[i];
    const range = Math.max(red[i], green[i], blue[i]) - Math.min(red[i], green[i], blue[i]);
    sums[2] += range * range;
  }
  const n = red.length;
  return Float64Array.of(sums[0] / n, sums[1] / n, Math.sqrt(sums[2] / n));
}

/** The structure of the same picture with black and white exchanged: every gradient faces the other way. */
export function structureInverted(structure: Float64Array): Float64Array {
  return structure.map((_, i) => structure[i - (i % DIRECTIONS) + ((i + DIRECTIONS / 2) % DIRECTIONS)]);
}

/** The structure of the same picture upside down, as in a mirror below it. */
export function structureUpsideDown(structure: Float64Array): Float64Array {
  const row = CELLS * DIRECTIONS;
  return structure.map((_, i) => {
    const [y, rest] = [Math.floor(i / row), i % row];
    const direction = rest % DIRECTIONS;
    return structure[(CELLS - 1 - y) * row + rest - direction + (DIRECTIONS - 1 - direction)];
  });
}

/** The structure of the same picture with rows and columns exchanged: turned by a quarter, and mirrored. */
export function structureTurned(structure: Float64Array): Float64Array {
  return structure.map((_, i) => {
    const [cell, direction] = [Math.floor(i / DIRECTIONS), i % DIRECTIONS];
    const [y, x] = [Math.floor(cell / CELLS), cell % CELLS];
    // An angle a becomes a right angle less a; directions have their middles at half steps.
    const from = (DIRECTIONS / 4 - 1 - direction + DIRECTIONS) % DIRECTIONS;
    return structure[(x * CELLS + y) * DIRECTIONS + from];
  });
}
