/** @file The scores of a volume's slices as a small chart, one SVG file that needs nothing else. */
import type { VolumeFinding } from "./volume.ts";

const [WIDTH, HEIGHT] = [480, 180];
const MARGIN = { left: 56, right: 12, top: 22, bottom: 34 };

const short = (value: number) => String(Number(value.toPrecision(3)));
const place = (value: number) => String(Math.round(value * 10) / 10);

/**
 * Score by slice, from 0 (or the lowest score below it) to the highest; the highest slice is marked, and a dashed line
 * stands at `sliceThreshold`, the threshold of single slices, where there is one.
 */
export function curveSvg({ axis, slices, highest }: VolumeFinding, sliceThreshold: number | null = null): string {
  const scores = slices.map(({ score }) => score);
  const top = Math.max(...scores, sliceThreshold ?? 0);
  const bottom = Math.min(0, ...scores);
  const [first, last] = [slices[0].slice, slices[slices.length - 1].slice];
  const across = WIDTH - MARGIN.left - MARGIN.right;
  const down = HEIGHT - MARGIN.top - MARGIN.bottom;
  const x = (slice: number) => MARGIN.left + (last > first ? (slice - first) / (last - first) : 0.5) * across;
  const y = (score: number) => MARGIN.top + (top > bottom ? (top - score) / (top - bottom) : 0.5) * down;
  const points = slices.map(({ slice, score }) => `${place(x(slice))},${place(y(score))}`).join(" ");
  const base = HEIGHT - MARGIN.bottom;
  const text = (at: [number, number], anchor: string, words: string) =>
    `<text x="${place(at[0])}" y="${place(at[1])}" text-anchor="${anchor}">${words}</text>`;
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<path d="M${MARGIN.left} ${MARGIN.top}V${base}H${WIDTH - MARGIN.right}" fill="none" stroke="#888"/>`,
    sliceThreshold !== null &&
      `<path d="M${MARGIN.left} ${place(y(sliceThreshold))}H${WIDTH - MARGIN.right}" stroke="#888" stroke-dasharray="4 3"/>`,
    `<polyline points="${points}" fill="none" stroke="#2456a6" stroke-width="1.5"/>`,
    `<circle cx="${place(x(highest.slice))}" cy="${place(y(highest.finding.score))}" r="3.5" fill="#b3261e"/>`,
    text([MARGIN.left - 6, MARGIN.top + 4], "end", short(top)),
    text([MARGIN.left - 6, base + 4], "end", short(bottom)),
    text([MARGIN.left, base + 15], "middle", String(first)),
    last > first && text([WIDTH - MARGIN.right, base + 15], "end", String(last)),
    text([MARGIN.left + across / 2, HEIGHT - 6], "middle", `${axis} slice`),
    text([MARGIN.left, 13], "start", `score by slice; highest ${short(highest.finding.score)} at ${highest.slice}`),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333">${parts.filter(Boolean).join("")}</svg>\n`;
}
