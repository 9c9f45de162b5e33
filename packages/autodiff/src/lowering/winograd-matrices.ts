/**
 * @file The numbers of Winograd's F(4x4, 3x3): a tile of 4 outputs of a 3-tap correlation of 6 inputs takes 6 products instead
 * of 12 along an axis, 36 instead of 144 along both. y = Aᵀ((G w) ∘ (Bᵀ d)), by interpolation in five points and infinity
 * (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"; Cook and Toom's construction).
 *
 * The points are 0, ±1/√2, ±√2: with the customary 0, ±1, ±2 float32 rounds four to six times as much, and costs the same.
 */
import type { ConvGeometry } from "./conv-geometry.ts";

/** Outputs of a tile along one axis. */
export const TILE = 4;
/** Taps of the kernel along one axis. */
export const TAPS = 3;
/** Inputs of a tile along one axis, and products. */
export const WINDOW = TILE + TAPS - 1;

/** Whether a convolution of this geometry has the form at all. */
export function hasWinograd({ stride, pad, groups, kernel }: ConvGeometry): boolean {
  return stride === 1 && groups === 1 && kernel.every((taps) => taps === TAPS) && pad < TAPS;
}

const ROOT = Math.SQRT1_2;
const POINTS = [0, ROOT, -ROOT, 2 * ROOT, -2 * ROOT];

/** Coefficients of the product of (x - root), from the constant term on. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (product, root) =>
      Array.from({ length: product.length + 1 }, (_, i) => (product[i - 1] ?? 0) - root * (product[i] ?? 0)),
    [1],
  );
}

const others = (j: number) => POINTS.filter((_, i) => i !== j);

/** Bᵀ [6, 6]: what a tile's inputs become. */
export const INPUT: readonly (readonly number[])[] = [
  ...POINTS.map((_, j) => [...polynomial(others(j)), 0]),
  polynomial(POINTS),
];

/** G [6, 3]: what a kernel becomes. */
export const KERNEL: readonly (readonly number[])[] = [
  ...POINTS.map((point, j) => {
    const scale = others(j).reduce((product, other) => product * (point - other), 1);
    return Array.from({ length: TAPS }, (_, k) => point ** k / scale);
  }),
  Array.from({ length: TAPS }, (_, k) => (k === TAPS - 1 ? 1 : 0)),
];

/** Aᵀ [4, 6]: from products to outputs. */
export const OUTPUT: readonly (readonly number[])[] = Array.from({ length: TILE }, (_, i) => [
  ...POINTS.map((point) => point ** i),
  i === TILE - 1 ? 1 : 0,
]);

/** G ⊗ G [36, 9]: kernels [9] to products [36]; with `turned`, of the kernel turned by 180 degrees. */
export function kernelMatrix(turned = false): number[] {
  const at = (k: number) => (turned ? TAPS - 1 - k : k);
  return KERNEL.flatMap((row) =>
    KERNEL.flatMap((column) =>
      Array.from({ length: TAPS * TAPS }, (_, k) => row[at(Math.floor(k / TAPS))] * column[at(k % TAPS)]),
    ),
  );
}

/**
 * Along one axis, all tiles at once: [6 · tiles, inputs], row (product, tile). The padding is built in: windows that reach
 * over the ends meet zeros.
 */
export function inputMatrix(inputs: number, tiles: number, pad: number): number[] {
  const matrix = new Array<number>(WINDOW * tiles * inputs).fill(0);
  INPUT.forEach((row, product) => {
    for (let tile = 0; tile < tiles; tile++) {
      row.forEach((value, j) => {
        const at = TILE * tile - pad + j;
        if (at >= 0 && at < inputs) matrix[(product * tiles + tile) * inputs + at] = value;
      });
    }
  });
  return matrix;
}

/** Along one axis, all tiles at once: [outputs, 6 · tiles]. Of the last tile only what exists. */
export function outputMatrix(outputs: number, tiles: number): number[] {
  return Array.from({ length: outputs }, (_, at) => {
    const row = new Array<number>(WINDOW * tiles).fill(0);
    OUTPUT[at % TILE].forEach((value, product) => {
      row[product * tiles + Math.floor(at / TILE)] = value;
    });
    return row;
  }).flat();
}

/** The transpose of a matrix of so many rows. */
export function transposed(matrix: readonly number[], rows: number): number[] {
  const columns = matrix.length / rows;
  return Array.from({ length: matrix.length }, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}
