/**
 * @file Superpixels by SLIC: k-means over colour and place in which a centre looks no further than its neighbours.
 * Source: Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", TPAMI 34(11), 2012. No
 * chance is involved: the same picture and options give the same labels.
 */
import { HaleError } from "@hale/core";
import { type Cells, cellLabels, cellsOf } from "./cells.ts";
import { connectedRegions } from "./connect.ts";
import { labOf } from "./lab.ts";
import { checkImage, checkSegments, type ImageShape, type Superpixels } from "./shape.ts";

export interface SlicOptions {
  /** Wanted number of regions, K: whole, 1 to the number of pixels. The result has about as many. */
  segments: number;
  /** Weight of place against colour, m > 0, where black to white is 100. Large values give squares. Default 10. */
  compactness?: number;
  /** Rounds of assigning and averaging, whole, at least 1. Default 10. */
  iterations?: number;
}

/**
 * Cuts a picture, [C, H, W] in [0, 1], into about K regions of like brightness (C = 1) or Lab colour (C = 3). A pixel p
 * goes to the centre k with the least D² = d_c² + (d_s / S)² · m², among those within S = √(H·W / K) of it along x and
 * along y. Pieces below a quarter of S² are merged away, so every region is 4-connected. Throws OPTION_INVALID for
 * bad options and SHAPE_MISMATCH when the picture does not fit its shape.
 */
export function slic(image: Float32Array, shape: ImageShape, options: SlicOptions): Superpixels {
  const { segments, compactness = 10, iterations = 10 } = options;
  checkImage(image, shape);
  checkSegments(segments, shape);
  checkRounds(compactness, iterations);
  const { width, height } = shape;
  const planes = featurePlanes(image, shape);
  const cells = cellsOf(shape, segments);
  const centres = seeds(planes, shape, cells);
  // The label of a pixel that no window ever reaches is that of its cell.
  const { labels } = cellLabels(shape, cells);
  const least = new Float64Array(width * height);
  const weight = (compactness / cells.step) ** 2;
  for (let round = 0; round < iterations; round++) {
    if (round > 0) moveCentres(centres, planes, labels, width);
    assign(centres, planes, shape, cells.step, weight, labels, least);
  }
  return connectedRegions(labels, width, height, (0.25 * width * height) / segments);
}

function checkRounds(compactness: number, iterations: number): void {
  if (!Number.isFinite(compactness) || compactness <= 0) {
    throw new HaleError("OPTION_INVALID", `The compactness cannot be ${compactness}.`, "Choose a number above 0.");
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new HaleError(
      "OPTION_INVALID",
      `SLIC cannot run ${iterations} iterations.`,
      "Choose a whole number of at least 1.",
    );
  }
}

/** The planes that colours are compared in, 1 or 3 of [H, W]: brightness in 0…100, or L, a and b. */
function featurePlanes(image: Float32Array, shape: ImageShape): Float64Array[] {
  const area = shape.width * shape.height;
  if (shape.channels === 1) {
    const brightness = new Float64Array(area);
    for (let p = 0; p < area; p++) brightness[p] = 100 * image[p];
    return [brightness];
  }
  const lab = labOf(image);
  return [0, 1, 2].map((c) => lab.subarray(c * area, (c + 1) * area));
}

/** Cluster centres, each field one value a centre. */
interface Centres {
  /** Pixels from the middle of the first column. */
  x: Float64Array;
  /** Pixels from the middle of the first row. */
  y: Float64Array;
  /** One array a feature plane. */
  colour: Float64Array[];
}

/** A centre in the middle of each cell, moved off edges: to the pixel of least gradient among the 3 × 3 around it. */
function seeds(planes: Float64Array[], shape: ImageShape, cells: Cells): Centres {
  const { width, height } = shape;
  const { columns, rows } = cells;
  const centres: Centres = {
    x: new Float64Array(columns * rows),
    y: new Float64Array(columns * rows),
    colour: planes.map(() => new Float64Array(columns * rows)),
  };
  for (let row = 0, k = 0; row < rows; row++) {
    const middleY = Math.floor(((row + 0.5) * height) / rows);
    for (let column = 0; column < columns; column++, k++) {
      const middleX = Math.floor(((column + 0.5) * width) / columns);
      let [bestX, bestY] = [middleX, middleY];
      // The middle comes first, so that a flat place leaves the seed where it is.
      let best = gradient(planes, shape, middleX, middleY);
      for (let y = Math.max(0, middleY - 1); y <= Math.min(height - 1, middleY + 1); y++) {
        for (let x = Math.max(0, middleX - 1); x <= Math.min(width - 1, middleX + 1); x++) {
          const here = gradient(planes, shape, x, y);
          if (here < best) [best, bestX, bestY] = [here, x, y];
        }
      }
      centres.x[k] = bestX;
      centres.y[k] = bestY;
      for (let c = 0; c < planes.length; c++) centres.colour[c][k] = planes[c][bestY * width + bestX];
    }
  }
  return centres;
}

/** Squared central differences along x and y, summed over the planes; borders replicated. */
function gradient(planes: Float64Array[], { width, height }: ImageShape, x: number, y: number): number {
  const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
  const [above, below] = [Math.max(0, y - 1), Math.min(height - 1, y + 1)];
  let sum = 0;
  for (const plane of planes) {
    const across = plane[y * width + right] - plane[y * width + left];
    const down = plane[below * width + x] - plane[above * width + x];
    sum += across * across + down * down;
  }
  return sum;
}

/**
 * Gives each pixel the nearest centre whose window covers it; of equally near ones the first. `weight` is (m / S)².
 * `labels` is updated and `least` is scratch space, both [H, W].
 */
function assign(
  centres: Centres,
  planes: Float64Array[],
  { width, height }: ImageShape,
  step: number,
  weight: number,
  labels: Int32Array,
  least: Float64Array,
): void {
  const [first, second, third] = planes;
  const coloured = planes.length === 3;
  least.fill(Number.POSITIVE_INFINITY);
  for (let k = 0; k < centres.x.length; k++) {
    const [centreX, centreY] = [centres.x[k], centres.y[k]];
    const value1 = centres.colour[0][k];
    const value2 = coloured ? centres.colour[1][k] : 0;
    const value3 = coloured ? centres.colour[2][k] : 0;
    const startX = Math.max(0, Math.ceil(centreX - step));
    const endX = Math.min(width - 1, Math.floor(centreX + step));
    const startY = Math.max(0, Math.ceil(centreY - step));
    const endY = Math.min(height - 1, Math.floor(centreY + step));
    for (let y = startY; y <= endY; y++) {
      const down = weight * (y - centreY) * (y - centreY);
      for (let x = startX, p = y * width + startX; x <= endX; x++, p++) {
        const d1 = first[p] - value1;
        let distance = down + weight * (x - centreX) * (x - centreX) + d1 * d1;
        if (coloured) {
          const d2 = second[p] - value2;
          const d3 = third[p] - value3;
          distance += d2 * d2 + d3 * d3;
        }
        if (distance < least[p]) {
          least[p] = distance;
          labels[p] = k;
        }
      }
    }
  }
}

/** Moves each centre to the mean place and colour of its pixels. A centre without pixels stays. */
function moveCentres(centres: Centres, planes: Float64Array[], labels: Int32Array, width: number): void {
  const count = centres.x.length;
  const sizes = new Int32Array(count);
  const [sumX, sumY] = [new Float64Array(count), new Float64Array(count)];
  const sums = planes.map(() => new Float64Array(count));
  for (let start = 0, y = 0; start < labels.length; start += width, y++) {
    for (let x = 0; x < width; x++) {
      const k = labels[start + x];
      sizes[k]++;
      sumX[k] += x;
      sumY[k] += y;
    }
  }
  for (let c = 0; c < planes.length; c++) {
    const [plane, sum] = [planes[c], sums[c]];
    for (let p = 0; p < labels.length; p++) sum[labels[p]] += plane[p];
  }
  for (let k = 0; k < count; k++) {
    if (sizes[k] === 0) continue;
    centres.x[k] = sumX[k] / sizes[k];
    centres.y[k] = sumY[k] / sizes[k];
    for (let c = 0; c < planes.length; c++) centres.colour[c][k] = sums[c][k] / sizes[k];
  }
}
