import { describe, expect, test } from "vitest";
import { localDetail } from "./detail.ts";
import { HASH_BITS, HASH_PLANE, HASH_WORDS, hammingDistance, hashViews, nearestView, VIEWS } from "./hash.ts";
import { resizePlane } from "./resize.ts";

/** A smooth random picture, [64, 64], 0…255. */
function picture(seed: number): Float32Array {
  const coarse = Float32Array.from({ length: 256 }, (_, i) => (Math.imul(i + 1, 2654435761 + seed * 977) >>> 8) % 256);
  return resizePlane(coarse, 16, 16, HASH_PLANE, HASH_PLANE);
}
const mirrored = (plane: Float32Array) =>
  plane.map((_, i) => plane[i - (i % HASH_PLANE) + HASH_PLANE - 1 - (i % HASH_PLANE)]);

describe("a perceptual hash", () => {
  const views = hashViews(picture(1));

  test("begins with the whole and is the same for a brighter picture of more contrast", () => {
    const brighter = hashViews(picture(1).map((value) => 20 + value * 0.9));
    expect(hammingDistance(views, brighter)).toBeLessThanOrEqual(2);
    expect(VIEWS[0]).toEqual({ window: { left: 0, top: 0, right: 0, bottom: 0 }, mirrorX: false, mirrorY: false });
  });

  test("differs in about half of its bits between unrelated pictures", () => {
    const distance = hammingDistance(views, hashViews(picture(2)));
    expect(distance).toBeGreaterThan(HASH_BITS * 0.3);
    expect(distance).toBeLessThan(HASH_BITS * 0.7);
  });

  test("finds the mirrored view of a mirrored picture", () => {
    const found = nearestView(hashViews(mirrored(picture(1))), views, 10);
    expect(found?.distance).toBeLessThanOrEqual(2);
    expect(VIEWS[found?.view ?? 0]).toMatchObject({ mirrorX: true, mirrorY: false });
  });

  test("finds the window that a crop was taken from", () => {
    const whole = picture(1);
    const part = Float32Array.from(
      { length: 57 * 57 },
      (_, i) => whole[(Math.floor(i / 57) + 4) * HASH_PLANE + (i % 57) + 6],
    );
    const found = nearestView(hashViews(resizePlane(part, 57, 57, HASH_PLANE, HASH_PLANE)), views, 40);
    const { left, top, right, bottom } = VIEWS[found?.view ?? 0].window;
    const cuts = [6 / 64, 4 / 64, 1 / 64, 3 / 64];
    for (const [i, cut] of [left, top, right, bottom].entries()) expect(Math.abs(cut - cuts[i])).toBeLessThan(0.06);
  });

  test("nearestView agrees with comparing view by view", () => {
    const hash = hashViews(picture(3));
    const distances = VIEWS.map((_, v) => hammingDistance(hash, views.subarray(v * HASH_WORDS, (v + 1) * HASH_WORDS)));
    const least = Math.min(...distances);
    expect(nearestView(hash, views, HASH_BITS + 1)).toEqual({ view: distances.indexOf(least), distance: least });
    expect(nearestView(hash, views, least)).toBeNull();
  });
});

test("detail is near zero where a picture is flat, and blind to its exposure", () => {
  expect(Math.max(...localDetail(new Float32Array(64).fill(90), 8, 8, 1, 1).map(Math.abs))).toBeLessThan(1e-9);
  const plane = picture(4);
  const exposed = localDetail(
    plane.map((value) => 30 + 0.8 * value),
    HASH_PLANE,
    HASH_PLANE,
    4,
    1,
  );
  localDetail(plane, HASH_PLANE, HASH_PLANE, 4, 1).forEach((value, i) => {
    expect(Math.abs(value - exposed[i])).toBeLessThan(0.05);
  });
});
