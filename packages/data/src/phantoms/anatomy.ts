/**
 * @file The anatomy of a phantom: a continuous model of one axial, T1-like slice through a head. Scalp, skull, a
 * folded cortex, white matter, deep nuclei, ventricles and the fissure between the hemispheres are all drawn at random
 * from one seed, left and right apart, so that no two heads are mirror images or copies. It knows tissues, not pixels:
 * sampling and the scanner's faults are in `acquisition.ts`, disease in `lesion.ts`. It is a test object for software,
 * and no claim about real anatomy.
 */
import { type RandomStream, randomStream } from "./random.ts";

/** One point of the continuous slice. */
export interface Tissue {
  /** Signal before the scanner's gain, 0..255. */
  signal: number;
  /** Whether the point belongs to the brain, fluid in it included. */
  brain: boolean;
  /** Whether the point is fluid: a ventricle, a sulcus or the fissure. */
  fluid: boolean;
}

/** A head: the tissue at a point of the image plane, coordinates in [-1, 1], y pointing to the back of the head. */
export type Head = (x: number, y: number) => Tissue;

interface Ellipse {
  x: number;
  y: number;
  radiusX: number;
  radiusY: number;
  /** Radians, clockwise in the image. */
  tilt: number;
}

interface Sulcus {
  angle: number;
  depth: number;
  width: number;
  bend: number;
}

/** Tells whether a point lies in an ellipse. */
function insideOf(e: Ellipse): (x: number, y: number) => boolean {
  const c = Math.cos(e.tilt);
  const s = Math.sin(e.tilt);
  return (x, y) => {
    const u = ((x - e.x) * c + (y - e.y) * s) / e.radiusX;
    const v = ((y - e.y) * c - (x - e.x) * s) / e.radiusY;
    return u * u + v * v < 1;
  };
}

const wrapAngle = (angle: number): number => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

/** Both horns of the lateral ventricles and the third ventricle, in brain coordinates. */
function drawVentricles(random: RandomStream): Ellipse[] {
  const opening = random.uniform(0.65, 1.25);
  const sides = [-1, 1].flatMap((side) => {
    const size = opening * random.uniform(0.85, 1.15);
    const front = {
      x: side * (0.075 + 0.055 * size),
      y: random.uniform(-0.28, -0.2),
      radiusX: 0.07 * size,
      radiusY: random.uniform(0.2, 0.26) * Math.sqrt(size),
      tilt: side * random.uniform(0.18, 0.34),
    };
    const back = {
      x: side * (0.12 + 0.08 * size),
      y: random.uniform(0.2, 0.28),
      radiusX: 0.075 * size,
      radiusY: random.uniform(0.2, 0.27) * Math.sqrt(size),
      tilt: side * random.uniform(-0.5, -0.3),
    };
    return [front, back];
  });
  const third = { x: 0, y: 0.02, radiusX: 0.025 * opening, radiusY: random.uniform(0.1, 0.16), tilt: 0 };
  return [...sides, third];
}

/** Caudate and thalamus of both sides, in brain coordinates. */
function drawNuclei(random: RandomStream): Ellipse[] {
  return [-1, 1].flatMap((side) => [
    {
      x: side * random.uniform(0.25, 0.3),
      y: random.uniform(-0.22, -0.14),
      radiusX: random.uniform(0.08, 0.11),
      radiusY: random.uniform(0.15, 0.2),
      tilt: side * 0.35,
    },
    {
      x: side * random.uniform(0.16, 0.2),
      y: random.uniform(0.02, 0.08),
      radiusX: random.uniform(0.1, 0.13),
      radiusY: random.uniform(0.13, 0.17),
      tilt: side * -0.5,
    },
  ]);
}

function drawSulci(random: RandomStream): Sulcus[] {
  const count = 19 + random.index(7);
  return Array.from({ length: count }, (_, i) => ({
    angle: ((i + random.uniform(-0.28, 0.28)) / count) * 2 * Math.PI,
    depth: random.uniform(0.1, 0.28),
    width: random.uniform(0.014, 0.026),
    bend: random.uniform(-0.5, 0.5),
  }));
}

/** Brain radius that neither a fold nor its ribbon of cortex reaches. */
const DEEPEST_FOLD = 0.62;

/** How far a point lies from the nearest fold, in units of that fold's width, and whether within its depth. */
function nearestFold(sulci: readonly Sulcus[], angle: number, radius: number): { distance: number; over: number } {
  let distance = Number.POSITIVE_INFINITY;
  let over = Number.NEGATIVE_INFINITY;
  if (radius < DEEPEST_FOLD) return { distance, over };
  for (const fold of sulci) {
    const inside = 1 - radius;
    const d = Math.abs(wrapAngle(angle - fold.angle - fold.bend * inside)) * radius;
    if (d / fold.width < distance) {
      distance = d / fold.width;
      over = fold.depth - inside;
    }
  }
  return { distance, over };
}

/** No outline reaches farther than this. */
const LARGEST_OUTLINE = 1.2;

/** The radius of a head by angle: a circle with a few soft waves, looked up in half degrees. */
function drawOutline(random: RandomStream): (angle: number) => number {
  const waves = [2, 3, 4, 5].map((order) => ({
    order,
    size: Math.min(0.04, Math.max(-0.04, 0.012 * random.normal())),
    phase: random.uniform(0, 2 * Math.PI),
  }));
  const table = new Float64Array(721).map((_, i) =>
    waves.reduce((radius, w) => radius + w.size * Math.cos((w.order * i * Math.PI) / 360 + w.phase), 1),
  );
  return (angle) => {
    const step = Math.max(0, (angle / Math.PI + 1) * 360);
    const low = Math.min(719, Math.floor(step));
    return table[low] + (table[low + 1] - table[low]) * (step - low);
  };
}

/** Draws the head of `seed`. `level` moves the slice a little up or down the head: the same person, another slice. */
export function drawHead(seed: number, level = 0): Head {
  const random = randomStream(seed, "anatomy");
  const slice = randomStream(seed + level * 7919, "slice");
  const centreX = random.uniform(-0.126, 0.126) + slice.uniform(-0.02, 0.02);
  const centreY = random.uniform(-0.108, 0.108) + slice.uniform(-0.02, 0.02);
  const turn = random.uniform(-0.24, 0.24) + slice.uniform(-0.03, 0.03);
  const radiusY = random.uniform(0.62, 0.86) * slice.uniform(0.97, 1.03);
  const radiusX = radiusY * random.uniform(0.78, 0.9);
  const outline = drawOutline(random);
  const scalpEnd = 1 - random.uniform(0.04, 0.13);
  const skullEnd = scalpEnd - random.uniform(0.05, 0.085);
  const brainEnd = skullEnd - random.uniform(0.015, 0.04);
  const cortex = random.uniform(0.075, 0.12);
  const sulci = drawSulci(random);
  const inVentricles = drawVentricles(slice).map(insideOf);
  const inNuclei = drawNuclei(random).map(insideOf);
  const fissureBend = random.uniform(-0.06, 0.06);
  const fissureFront = random.uniform(-0.55, -0.48);
  const fissureBack = random.uniform(0.52, 0.6);
  const grey = random.uniform(98, 122);
  const white = random.uniform(145, 172);
  const tissue = {
    air: { signal: 0, brain: false, fluid: false },
    scalp: { signal: random.uniform(110, 200), brain: false, fluid: false },
    bone: { signal: random.uniform(36, 58), brain: false, fluid: false },
    outerFluid: { signal: random.uniform(42, 66), brain: false, fluid: true },
    fluid: { signal: 0, brain: true, fluid: true },
    grey: { signal: grey, brain: true, fluid: false },
    nucleus: { signal: grey + (white - grey) * random.uniform(0.2, 0.5), brain: true, fluid: false },
    white: { signal: white, brain: true, fluid: false },
  };
  tissue.fluid.signal = tissue.outerFluid.signal;
  const [c, s] = [Math.cos(turn), Math.sin(turn)];

  return (px, py) => {
    const x = ((px - centreX) * c + (py - centreY) * s) / radiusX;
    const y = ((py - centreY) * c - (px - centreX) * s) / radiusY;
    const reach = Math.sqrt(x * x + y * y);
    if (reach > LARGEST_OUTLINE) return tissue.air;
    const angle = Math.atan2(y, x);
    const radius = reach / outline(angle);
    if (radius > 1) return tissue.air;
    if (radius > scalpEnd) return tissue.scalp;
    if (radius > skullEnd) return tissue.bone;
    if (radius > brainEnd) return tissue.outerFluid;

    const [bx, by] = [x / brainEnd, y / brainEnd];
    for (const inside of inVentricles) if (inside(bx, by)) return tissue.fluid;
    const fromFissure = Math.abs(bx - fissureBend * by * by);
    const inFissure = by < fissureFront || by > fissureBack;
    if (inFissure && fromFissure < 0.018) return tissue.fluid;
    const brainRadius = radius / brainEnd;
    const fold = nearestFold(sulci, angle, brainRadius);
    if (fold.over > 0 && fold.distance < 1) return tissue.fluid;

    const inRibbon =
      brainRadius > 1 - cortex || (fold.over > -0.07 && fold.distance < 3.4) || (inFissure && fromFissure < 0.075);
    if (inRibbon) return tissue.grey;
    for (const inside of inNuclei) if (inside(bx, by)) return tissue.nucleus;
    return tissue.white;
  };
}
