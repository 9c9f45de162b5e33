/** @file The toy's images: reproducible, each its own, and the abnormal ones with something that no normal one has. */
import { expect, test } from "vitest";
import { discImage, discImages, SIDE } from "./discs.ts";

const DARK = -0.8;
/** Pixels that are far from the background. */
const bright = (image: Float32Array) => image.filter((v) => v > DARK + 0.4).length;

test("an image is a function of seed, kind and number", () => {
  const images = discImages(1, "normal", 3, 7);
  expect(images[1]).toEqual(discImage(1, "normal", 8));
  expect(images.map((image) => image.length)).toEqual([SIDE * SIDE, SIDE * SIDE, SIDE * SIDE]);
  expect(images[0]).not.toEqual(images[1]);
  expect(discImage(2, "normal", 8)).not.toEqual(images[1]);
});

test("a normal image is one disc of 4 to 7 pixels' radius on a background with noise of deviation 0.02", () => {
  for (const image of discImages(3, "normal", 50)) {
    expect(bright(image)).toBeGreaterThan(Math.PI * 3.5 ** 2);
    expect(bright(image)).toBeLessThan(Math.PI * 7.5 ** 2);
    // The corner is never reached by a disc.
    const corner = [0, 1, 2, 3, 4].flatMap((y) => [0, 1, 2, 3, 4].map((x) => image[y * SIDE + x] - DARK));
    const deviation = Math.sqrt(corner.reduce((total, v) => total + v * v, 0) / corner.length);
    expect(deviation).toBeGreaterThan(0.01);
    expect(deviation).toBeLessThan(0.03);
  }
});

test("an abnormal image is such a disc with a blob: a second bright region, or a hole", () => {
  const images = discImages(3, "abnormal", 50);
  // Rows and columns of a disc are bright in one piece; a blob breaks or lengthens that in nearly every image.
  const pieces = (image: Float32Array) => {
    const at = (x: number, y: number) => image[y * SIDE + x] > DARK + 0.4;
    let most = 0;
    for (let i = 0; i < SIDE; i++) {
      for (const line of [(k: number) => at(k, i), (k: number) => at(i, k)]) {
        let count = 0;
        for (let k = 0; k < SIDE; k++) if (line(k) && !(k > 0 && line(k - 1))) count++;
        most = Math.max(most, count);
      }
    }
    return most;
  };
  expect(discImages(3, "normal", 50).filter((image) => pieces(image) > 1)).toHaveLength(0);
  expect(images.filter((image) => pieces(image) > 1).length).toBeGreaterThan(25);
});
