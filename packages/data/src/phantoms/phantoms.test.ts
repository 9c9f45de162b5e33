import { auroc } from "@hale/statistics";
import { describe, expect, it } from "vitest";
import { auditControls } from "../controls.ts";
import { LESION_KINDS } from "./lesion.ts";
import { phantom } from "./phantom.ts";
import { DEMO_COUNTS, type PhantomItem, phantomSet } from "./phantom-set.ts";

const SIZE = 64;
const prepared = (item: { image: Uint8Array }) => Float32Array.from(item.image, (value) => value / 127.5 - 1);
const mean = (values: Iterable<number>): number => {
  const list = Array.from(values);
  return list.reduce((sum, value) => sum + value, 0) / list.length;
};

/** Whether any pixel of the mask lies within `reach` pixels of pixel `i`. */
function near(mask: Uint8Array, i: number, reach: number): boolean {
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const x = (i % SIZE) + dx;
      const y = Math.floor(i / SIZE) + dy;
      if (x >= 0 && y >= 0 && x < SIZE && y < SIZE && mask[y * SIZE + x]) return true;
    }
  }
  return false;
}

describe("a phantom", () => {
  it("is the same for the same seed and another for another", () => {
    const a = phantom(7, { size: SIZE, lesion: "dark" });
    expect(phantom(7, { size: SIZE, lesion: "dark" })).toEqual(a);
    expect(phantom(8, { size: SIZE, lesion: "dark" }).image).not.toEqual(a.image);
  });

  it.each(LESION_KINDS)("with a %s lesion differs from the same phantom without it under the mask only", (lesion) => {
    for (let seed = 0; seed < 12; seed++) {
      const healthy = phantom(seed, { size: SIZE });
      const abnormal = phantom(seed, { size: SIZE, lesion });
      const change = Array.from(abnormal.image, (value, i) => value - healthy.image[i]);
      const inside = change.filter((_, i) => abnormal.mask[i]);
      const area = inside.length;
      expect(area).toBeGreaterThan(45);
      expect(area).toBeLessThan(260);
      expect(mean(inside.map(Math.abs))).toBeGreaterThan(11);
      expect(change.filter((value, i) => value !== 0 && !near(abnormal.mask, i, 4))).toEqual([]);
      if (lesion === "bright") expect(mean(inside)).toBeGreaterThan(25);
      if (lesion === "dark") expect(mean(inside)).toBeLessThan(-25);
      if (lesion === "texture") expect(Math.abs(mean(inside))).toBeLessThan(8);
    }
  });

  it("has its lesion inside the brain, away from the air, the scalp and the edge", () => {
    for (let seed = 100; seed < 120; seed++) {
      const { mask } = phantom(seed, { size: SIZE, lesion: "bright" });
      const air = phantom(seed, { size: SIZE }).image[0] + 25;
      const { image } = phantom(seed, { size: SIZE });
      // The picture's border is air, so walking from a pixel of the lesion to the border must cross bright scalp.
      mask.forEach((value, i) => {
        if (!value) return;
        const row = Array.from(image.subarray(i - (i % SIZE), i - (i % SIZE) + SIZE));
        const left = row.slice(0, i % SIZE).filter((grey) => grey > air).length;
        const right = row.slice((i % SIZE) + 1).filter((grey) => grey > air).length;
        expect(Math.min(left, right)).toBeGreaterThan(3);
      });
    }
  });

  it("keeps air above black and does not clip to white, where a saturating output could not follow", () => {
    for (let seed = 0; seed < 30; seed++) {
      const { image } = phantom(seed, { size: SIZE });
      const corner = mean([0, 1, 2, 3].flatMap((y) => Array.from(image.subarray(y * SIZE, y * SIZE + 4))));
      expect(corner).toBeGreaterThan(10);
      expect(corner).toBeLessThan(34);
      expect(image.filter((value) => value > 250).length).toBeLessThan(4);
    }
  });

  it("shows the same head at another size", () => {
    const small = phantom(5, { size: 64, lesion: "bright" });
    const large = phantom(5, { size: 128, lesion: "bright" });
    expect(mean(large.mask)).toBeCloseTo(mean(small.mask), -1);
    expect(Math.abs(mean(large.image) - mean(small.image))).toBeLessThan(3);
  });

  it("refuses sizes and seeds that cannot be", () => {
    expect(() => phantom(1, { size: 8 })).toThrow(/8 pixels/);
    expect(() => phantom(0.5, { size: 64 })).toThrow(/seed 0.5/);
  });
});

describe("a set of phantoms", () => {
  const set = phantomSet({ seed: 1, size: SIZE });
  const part = (split: PhantomItem["split"], label: PhantomItem["label"]) =>
    set.filter((item) => item.split === split && item.label === label);

  it("has the counts asked for, with kinds of lesion in equal parts", () => {
    expect(part("train", 0)).toHaveLength(DEMO_COUNTS.trainNormal);
    expect(part("val", 0)).toHaveLength(DEMO_COUNTS.valNormal);
    expect(part("test", 0)).toHaveLength(DEMO_COUNTS.testNormal);
    expect(part("test", 1)).toHaveLength(DEMO_COUNTS.testAbnormal);
    const mix = part("train", null);
    expect(mix.filter((item) => item.kind !== "normal")).toHaveLength(480);
    expect(mix.filter((item) => item.kind === "dark")).toHaveLength(160);
    expect(new Set(mix.map((item) => item.class))).toEqual(new Set([""]));
  });

  it("keeps every person within one split, repeats no picture and no name", () => {
    const splits = new Map<string, Set<string>>();
    for (const item of set) splits.set(item.patient, (splits.get(item.patient) ?? new Set()).add(item.split));
    expect([...splits.values()].every((seen) => seen.size === 1)).toBe(true);
    expect(new Set(set.map((item) => item.image.join())).size).toBe(set.length);
    expect(new Set(set.map((item) => item.name)).size).toBe(set.length);
  });

  it("refuses counts that cannot be", () => {
    expect(() => phantomSet({ seed: 1, size: 64, counts: { trainNormal: -1 } })).toThrow(/trainNormal/);
    expect(() => phantomSet({ seed: 1, size: 64, counts: { unlabelledAbnormalShare: 2 } })).toThrow(/Share/);
  });

  const title = "cannot be told apart by scores that know nothing of anatomy, seed %i";
  it.each([1, 2])(title, { timeout: 240_000 }, (seed) => {
    const items = seed === 1 ? set : phantomSet({ seed, size: SIZE, counts: { unlabelled: 0, valNormal: 0 } });
    const trainNormals = items.filter((item) => item.split === "train" && item.label === 0).map(prepared);
    const tested = items.filter((item) => item.split === "test");
    const images = tested.map(prepared);
    const labels = tested.map((item) => item.label as 0 | 1);
    const clusters = tested.map((_, i) => `${i}`);
    const audited = auditControls({ trainNormals, images }, { labels, clusters });
    const areas = Object.fromEntries(audited.map((c) => [c.name, c.auroc.estimate]));
    const either = (scores: number[]) => Math.max(auroc(scores, labels), 1 - auroc(scores, labels));

    const mu = trainNormals[0].map((_, i) => mean(trainNormals.map((x) => x[i])));
    const variance = mu.map((m, i) => mean(trainNormals.map((x) => (x[i] - m) ** 2)) + 1e-4);
    areas.gaussian = either(images.map((x) => mean(x.map((v, i) => (v - mu[i]) ** 2 / variance[i]))));
    // What an untrained restoration network amounts to: its tanh head alone.
    areas.tanhFloor = either(images.map((x) => mean(x.map((v) => Math.abs(v - Math.tanh(v))))));
    expect(Object.entries(areas).filter(([, area]) => area >= 0.75)).toEqual([]);
  });
});
