/**
 * @file sRGB to CIE Lab, in which distances between colours are about as large as they look. Sources: IEC 61966-2-1
 * (the sRGB curve and primaries), CIE 15 (Lab), constants as in Lindbloom, "RGB/XYZ Matrices", for D65.
 */

/** XYZ of the D65 white point; Y = 1. */
const WHITE_X = 0.95047;
const WHITE_Z = 1.08883;

/**
 * Planes R, G, B in [0, 1], [3, area], to planes L, a, b, [3, area]: L in 0…100, a and b in about -108…99. Length
 * divisible by 3.
 */
export function labOf(rgb: ArrayLike<number>): Float64Array {
  const area = rgb.length / 3;
  const lab = new Float64Array(rgb.length);
  for (let p = 0; p < area; p++) {
    const r = linear(rgb[p]);
    const g = linear(rgb[area + p]);
    const b = linear(rgb[2 * area + p]);
    const x = curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE_X);
    const y = curve(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = curve((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE_Z);
    lab[p] = 116 * y - 16;
    lab[area + p] = 500 * (x - y);
    lab[2 * area + p] = 200 * (y - z);
  }
  return lab;
}

/** Light, 0…1, of an sRGB value. */
function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** The cube root of Lab, with its straight piece near black: below (6/29)³. */
function curve(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
}
