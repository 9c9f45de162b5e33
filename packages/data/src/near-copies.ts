/**
 * @file Finds near copies among pictures in different splits: a perceptual hash proposes the likeliest
 * partners of each picture, a glance at 16 × 16 ranks them, and registration alone decides. (A hash by itself links more
 * than half of some clean sets of radiographs.) Time grows with the square of the number of pictures, about 25 µs a
 * pair, and with their number, about 15 ms a picture.
 */
import { HASH_WORDS, hashViews, nearestView, type Raster, VIEWS, type View } from "@hale/imaging";
import { align, approach, glance, isFlat, type Thumbnail, thumbnailOf } from "./registration.ts";

/** What is kept of a picture to find its copies. */
export interface Fingerprint {
  /** Hashes of all views. */
  views: Int32Array;
  thumbnail: Thumbnail;
}

/** A picture and a near copy of it, as positions in the list. */
export interface NearCopy {
  a: number;
  b: number;
  /** Agreement of their detail after registration, `threshold` to 1. */
  correlation: number;
  /** How the copy was turned over. */
  mirrored: "no" | "left-right" | "up-down" | "both";
}

export interface NearCopyOptions {
  /** Least correlation of a copy. Measured: see results/leak-detection.csv. */
  threshold?: number;
  onProgress?: (done: number, total: number) => void;
}

const NEAR_COPY_THRESHOLD = 0.7;

/** Hashes farther apart than this, in bits, are never partners. */
const FARTHEST = 36;
/** Partners of a picture by hash that get a glance; of those, the best by hash and by glance that are approached. */
const GLANCES = 32;
/** Bits by which a mirror state or direction may be farther than the pair's best and still get a glance. */
const SLACK = 8;
const BY_HASH = 5;
const BY_GLANCE = 6;
/** Of those, the best after the approach that are registered. */
const REGISTRATIONS = 4;
/** Least correlation at 32 × 32 of a window worth registering. */
const LEAST_APPROACH = 0.5;

/** Reduces a raster to what the search needs: about 40 kB. */
export function fingerprint(raster: Raster): Fingerprint {
  const thumbnail = thumbnailOf(raster);
  return { thumbnail, views: hashViews(thumbnail.levels[64]) };
}

/**
 * Pairs of near copies whose `splits` differ. Pictures that show nothing (flat ones) have no copies. Reports progress
 * twice a picture.
 */
export function findNearCopies(
  prints: readonly Fingerprint[],
  splits: readonly string[],
  options: NearCopyOptions = {},
): NearCopy[] {
  const { threshold = NEAR_COPY_THRESHOLD, onProgress } = options;
  const found = new Map<string, NearCopy>();
  const candidates = nearestByHash(prints, splits, (done) => onProgress?.(done, 2 * prints.length));
  for (let a = 0; a < prints.length; a++) {
    for (const { b, whole, view } of partnersOf(a, candidates[a], prints)) {
      const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
      if (found.has(key)) continue;
      const [first, second] = whole === a ? [prints[a], prints[b]] : [prints[b], prints[a]];
      const { correlation, ...turn } = align(first.thumbnail, second.thumbnail, view);
      if (correlation >= threshold) {
        found.set(key, { a: Math.min(a, b), b: Math.max(a, b), correlation, mirrored: mirrorName(turn) });
      }
    }
    onProgress?.(prints.length + a + 1, 2 * prints.length);
  }
  return [...found.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}

interface Candidate {
  b: number;
  /** Bits between the whole of one and the nearest view of the other, in the better direction. */
  distance: number;
}

/** For each picture the GLANCES pictures in other splits that are nearest by hash, nearest first. */
function nearestByHash(
  prints: readonly Fingerprint[],
  splits: readonly string[],
  onProgress: (done: number) => void,
): Candidate[][] {
  const lists = prints.map((): Candidate[] => []);
  const limits = new Float64Array(prints.length).fill(FARTHEST);
  const flat = prints.map(({ thumbnail }) => isFlat(thumbnail));
  const byDistance = (x: Candidate, y: Candidate) => x.distance - y.distance || x.b - y.b;
  const keep = (a: number, candidate: Candidate) => {
    const list = lists[a];
    if (candidate.distance >= limits[a]) return;
    list.push(candidate);
    if (list.length < 2 * GLANCES) return;
    list.sort(byDistance).length = GLANCES;
    limits[a] = list[GLANCES - 1].distance;
  };
  for (let a = 0; a < prints.length; a++) {
    for (let b = a + 1; b < prints.length; b++) {
      if (splits[b] === splits[a] || flat[a] || flat[b]) continue;
      const limit = Math.max(limits[a], limits[b]);
      const forth = nearestView(prints[a].views, prints[b].views, limit);
      const back = nearestView(prints[b].views, prints[a].views, forth?.distance ?? limit);
      const distance = (back ?? forth)?.distance;
      if (distance === undefined) continue;
      keep(a, { b, distance });
      keep(b, { b: a, distance });
    }
    onProgress(a + 1);
  }
  return lists.map((list) => list.sort(byDistance).slice(0, GLANCES));
}

interface Partner {
  b: number;
  /** Which of the two is compared as a whole; the other gives the window. */
  whole: number;
  view: View;
  correlation: number;
}

/** The likeliest partners of picture `a` among its candidates, best first, each with a window to start from. */
function partnersOf(a: number, candidates: readonly Candidate[], prints: readonly Fingerprint[]): Partner[] {
  const glances = candidates.map(({ b, distance }) => glancesAt(a, b, distance, prints));
  const best = (partners: Partner[]) => partners.sort((x, y) => y.correlation - x.correlation);
  const byGlance = best(glances.slice(BY_HASH).flatMap((turns) => turns.slice(0, 1)));
  const shortlist = [...glances.slice(0, BY_HASH).flat(), ...byGlance.slice(0, BY_GLANCE)];
  const approached = shortlist.map((partner): Partner => {
    const other = partner.whole === a ? partner.b : a;
    const { correlation, ...view } = approach(prints[partner.whole].thumbnail, prints[other].thumbnail, partner.view);
    return { ...partner, view, correlation };
  });
  const worth = best(approached.filter(({ correlation }) => correlation >= LEAST_APPROACH));
  return worth.filter(({ b }, i) => worth.findIndex((partner) => partner.b === b) === i).slice(0, REGISTRATIONS);
}

/**
 * First guesses for a pair, best first, one for each of its two likeliest mirror states (a brain is nearly its own
 * mirror image): in each state and direction the nearest view, unless its hash is much farther than the pair's best,
 * judged at a glance.
 */
function glancesAt(a: number, b: number, distance: number, prints: readonly Fingerprint[]): Partner[] {
  const guesses: Partner[] = [];
  for (const [whole, other] of [
    [a, b],
    [b, a],
  ]) {
    for (const index of nearestByMirror(prints[whole].views, prints[other].views, distance + SLACK)) {
      const view = VIEWS[index];
      guesses.push({ b, whole, view, correlation: glance(prints[whole].thumbnail, prints[other].thumbnail, view) });
    }
  }
  guesses.sort((x, y) => y.correlation - x.correlation);
  return guesses.filter((guess, i) => guesses.findIndex((other) => sameTurn(other.view, guess.view)) === i).slice(0, 2);
}

const sameTurn = (a: View, b: View) => a.mirrorX === b.mirrorX && a.mirrorY === b.mirrorY;

/** The view nearest to the whole, if nearer than `limit`, in each of the four mirror states (views come in fours). */
function nearestByMirror(hash: Int32Array, views: Int32Array, limit: number): number[] {
  return [0, 1, 2, 3].flatMap((mirror) => {
    const found = nearestView(hash, views, limit, mirror * HASH_WORDS, 4 * HASH_WORDS);
    return found ? [found.view] : [];
  });
}

function mirrorName({ mirrorX, mirrorY }: View): NearCopy["mirrored"] {
  if (mirrorX) return mirrorY ? "both" : "left-right";
  return mirrorY ? "up-down" : "no";
}
