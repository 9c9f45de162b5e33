/** @file Fewer points for long curves, by what matters of the curve: its course, or its corners and ends. */
import type { CurvePoint } from "../report-data.ts";

/** Most points of a noisy curve; longer ones are averaged in equal stretches. */
const MOST_POINTS = 400;

/** Distance, in the unit square, that is below a pixel of a chart even where it is printed large. */
const UNSEEN = 1 / 1000;

const isFinitePoint = ({ x, y }: CurvePoint): boolean => Number.isFinite(x) && Number.isFinite(y);

/** At most `most` points: each stands for the mean of a stretch. What is not a finite number is left out. */
export function meansOfStretches(points: readonly CurvePoint[], most = MOST_POINTS): CurvePoint[] {
  const finite = points.filter(isFinitePoint);
  if (finite.length <= most) return finite;
  return Array.from({ length: most }, (_, k) => {
    const part = finite.slice(Math.floor((k * finite.length) / most), Math.floor(((k + 1) * finite.length) / most));
    const mean = (of: (p: CurvePoint) => number) => part.reduce((sum, p) => sum + of(p), 0) / part.length;
    return { x: mean((p) => p.x), y: mean((p) => p.y) };
  });
}

/**
 * A curve in the unit square without points that cannot be told from the last one kept; ends and the corners before
 * a jump stay. Every point of the curve lies within `UNSEEN` of one that is kept.
 */
export function withinUnit(points: readonly CurvePoint[]): CurvePoint[] {
  const finite = points.filter(isFinitePoint);
  const kept: CurvePoint[] = [];
  finite.forEach((point, i) => {
    const last = kept.at(-1);
    const far = (a: CurvePoint, b: CurvePoint) => Math.abs(a.x - b.x) >= UNSEEN || Math.abs(a.y - b.y) >= UNSEEN;
    const next = finite[i + 1];
    if (!last || !next || far(point, last) || far(next, point)) kept.push(point);
  });
  return kept;
}
