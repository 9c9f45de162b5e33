import { expect, test } from "vitest";
import { fingerprintOf, type RunOrigin } from "./fingerprint.ts";
import type { GradientSettings } from "./run-settings.ts";

const settings: GradientSettings = {
  data: "/a",
  method: "sagan",
  options: { width: 8 },
  size: 32,
  channels: 1,
  seed: 1,
  iterations: 10,
  device: "cpu",
  threads: 1,
  falseAlarmRate: 0.05,
  selection: "last",
  every: 2,
  keep: 1,
  corrupt: "refuse",
};
const of = (...values: number[]) => ({ items: [], images: [Float32Array.from(values)] });
const origin: RunOrigin = { images: { train: of(1, 2), unlabelled: of(3), selection: of(4) }, backbone: [] };

test("a run is itself wherever its data lies and however many checkpoints it keeps, and otherwise another", async () => {
  const own = await fingerprintOf(settings, origin);
  expect(own).toMatch(/^[0-9a-f]{64}$/);
  expect(await fingerprintOf({ ...settings, data: "/b", keep: 7 }, origin)).toBe(own);
  const array = { shape: [1], data: Float32Array.of(1) };
  const others = await Promise.all([
    fingerprintOf({ ...settings, seed: 2 }, origin),
    fingerprintOf({ ...settings, options: { width: 16 } }, origin),
    fingerprintOf(settings, { ...origin, images: { ...origin.images, train: of(2, 1) } }),
    // The same images in another part.
    fingerprintOf(settings, { ...origin, images: { ...origin.images, unlabelled: of(4), selection: of(3) } }),
    fingerprintOf(settings, { ...origin, backbone: [array] }),
    fingerprintOf(settings, { ...origin, inherited: new Map([["w", array]]) }),
  ]);
  expect(new Set([own, ...others]).size).toBe(others.length + 1);
});
