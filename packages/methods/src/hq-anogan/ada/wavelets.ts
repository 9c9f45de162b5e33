/**
 * @file Wavelet filters as matrices that act on rows or columns: doubling and halving with sym6, and four frequency bands
 * with sym2. Signals go on beyond their ends by reflection (without the end itself twice), as far as a filter reaches.
 */

/** Low-pass filters of the orthogonal wavelets (Daubechies' symlets); Σ h[k]·h[k+2m] is 1 for m = 0 and 0 otherwise. */
const SYM6 = [
  0.015404109, 0.003490712, -0.117990111, -0.048311743, 0.491055942, 0.787641141, 0.337929422, -0.072637523,
  -0.021060293, 0.044724902, 0.001767712, -0.007800708,
];
const SYM2 = [-0.129409523, 0.224143868, 0.836516304, 0.482962913];

/** With sum 1, so that constants stay what they are. */
const total = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);
const LOW = SYM6.map((tap) => tap / total(SYM6));

/**
 * Where the filter's weight lies: sample m of a doubled signal shows place (m - CENTRE)/2 of the original, up to
 * frequencies of middle height, since sym6 delays them alike. The middle of the taps, 5.5, would be 0.2 pixels off.
 */
export const CENTRE = total(LOW.map((tap, k) => k * tap));

/** The index within [0, size) of a place of the signal that goes on by reflection. */
export function reflect(i: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const at = i - period * Math.floor(i / period);
  return at < size ? at : period - at;
}

/** Samples after which a doubled, reflected signal of `size` repeats itself. */
export function periodOf(size: number): number {
  return 4 * (size - 1);
}

/**
 * [period + 1, size]: one period of the reflected signal at twice as many samples, the first again at the end. Shifts by
 * a period leave both steps as they are, so this is all that there is however far one looks beyond the image.
 */
export function doublingMatrix(size: number): Float64Array {
  const rows = periodOf(size) + 1;
  const matrix = new Float64Array(rows * size);
  for (let m = 0; m < rows; m++) {
    LOW.forEach((tap, k) => {
      // Taps of the other parity would meet the zeros between samples.
      if ((m - k) % 2 === 0) matrix[m * size + reflect((m - k) / 2, size)] += 2 * tap;
    });
  }
  return matrix;
}

/** Samples that `halvingMatrix` needs: the filter reaches beyond the last even one. */
export function samplesOf(size: number): number {
  return 2 * size + LOW.length - 2;
}

/** [size, samples]: filters with sym6 turned around and keeps every second sample, the inverse of doubling. */
export function halvingMatrix(size: number): Float64Array {
  const columns = samplesOf(size);
  const matrix = new Float64Array(size * columns);
  for (let i = 0; i < size; i++) {
    LOW.forEach((tap, k) => {
      matrix[i * columns + 2 * i + k] = tap;
    });
  }
  return matrix;
}

/** Taps of a product of two filters (centred, of odd length), the second with its taps `step` apart. */
function cascade(first: readonly number[], second: readonly number[], step: number): number[] {
  const result = new Array<number>(first.length + (second.length - 1) * step).fill(0);
  first.forEach((a, i) => {
    second.forEach((b, j) => {
      result[i + j * step] += a * b;
    });
  });
  return result;
}

/** A centred filter in the middle of more taps. */
function widen(taps: readonly number[], length: number): number[] {
  const side = new Array<number>((length - taps.length) / 2).fill(0);
  return [...side, ...taps, ...side];
}

/**
 * Four centred filters that add up to the identity, low frequencies first. The autocorrelation of sym2, L, keeps the lower
 * half of all frequencies and shifts nothing; 1 - L is the highest band; the next is 1 - L of what L left, with taps twice
 * as far apart, and so on. Each has 43 taps.
 */
export function bandFilters(): number[][] {
  const turned = [...SYM2].reverse();
  const scale = total(SYM2) ** 2;
  const low = cascade(SYM2, turned, 1).map((tap) => tap / scale);
  const length = low.length + (low.length - 1) * (2 + 4);
  const bands: number[][] = [];
  let rest = [1];
  for (const step of [1, 2, 4]) {
    const passed = cascade(rest, low, step);
    const before = widen(rest, passed.length);
    bands.unshift(
      widen(
        passed.map((tap, i) => before[i] - tap),
        length,
      ),
    );
    rest = passed;
  }
  return [rest, ...bands];
}

/** [4, size, size]: the bands of a reflected signal, which add up to the identity. */
export function bandMatrices(size: number): Float64Array {
  const matrices = new Float64Array(4 * size * size);
  bandFilters().forEach((taps, band) => {
    const middle = (taps.length - 1) / 2;
    for (let i = 0; i < size; i++) {
      taps.forEach((tap, k) => {
        matrices[(band * size + i) * size + reflect(i + k - middle, size)] += tap;
      });
    }
  });
  return matrices;
}
