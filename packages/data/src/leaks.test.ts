import { emptyRaster, type Raster, resizePlane } from "@hale/imaging";
import { type Random, seededRandom } from "@hale/statistics";
import { describe, expect, test } from "vitest";
import { leakingItems } from "./clean.ts";
import { COPIES } from "./copy-fixture.ts";
import type { Item, Split } from "./item.ts";
import { type Fingerprint, findLeaks, fingerprint } from "./leaks.ts";
import { findNearCopies } from "./near-copies.ts";

const SIDE = 160;

/** An organ-like picture: the same oval outline in all, texture of several sizes inside, dark outside. */
function organ(random: Random): Raster {
  const plane = new Float64Array(SIDE * SIDE);
  for (const [cells, weight] of [
    [5, 40],
    [11, 30],
    [23, 24],
    [47, 16],
  ]) {
    const noise = Float32Array.from({ length: cells * cells }, () => random() - 0.5);
    const texture = resizePlane(noise, cells, cells, SIDE, SIDE);
    for (let i = 0; i < plane.length; i++) plane[i] += weight * texture[i];
  }
  const raster = emptyRaster(SIDE, SIDE, 1);
  const [rx, ry] = [0.42 + 0.03 * random(), 0.46 + 0.02 * random()];
  for (let i = 0; i < plane.length; i++) {
    const [x, y] = [(i % SIDE) / SIDE - 0.5, Math.floor(i / SIDE) / SIDE - 0.5];
    const inside = Math.hypot(x / rx, y / ry) < 1;
    raster.data[i] = inside ? Math.min(255, Math.max(0, Math.round(120 + plane[i]))) : 4;
  }
  return raster;
}

const random = seededRandom(11);
const originals = Array.from({ length: 24 }, () => organ(random));
const prints = originals.map((raster) => fingerprint(raster));

describe("near copies", () => {
  test("are not seen where there are none, though all pictures share their outline", () => {
    const splits = prints.map((_, i) => (i % 2 ? "train" : "test"));
    expect(findNearCopies(prints, splits)).toEqual([]);
  });

  test("of every kind are found, only with their originals, and say how they were turned", () => {
    const kinds = Object.keys(COPIES).flatMap((kind) => [kind, kind, kind, kind]);
    const origins = kinds.map((_, i) => (i * 7) % originals.length);
    const copies = kinds.map((kind, i) => fingerprint(COPIES[kind](originals[origins[i]], random)));
    const splits = [...copies.map(() => "test"), ...prints.map(() => "train")];
    const pairs = findNearCopies([...copies, ...prints], splits);
    expect(pairs.map((pair) => [kinds[pair.a], pair.b - copies.length])).toEqual(
      kinds.map((kind, i) => [kind, origins[i]]),
    );
    expect(pairs.slice(0, 8).map((pair) => pair.mirrored)).toEqual([
      ...Array(4).fill("left-right"),
      ...Array(4).fill("up-down"),
    ]);
  });

  test("in the same split are nobody's leak", () => {
    expect(findNearCopies([prints[0], prints[0]], ["train", "train"])).toEqual([]);
  });

  test("are not made of pictures that show nothing", () => {
    const blank = fingerprint(emptyRaster(20, 20, 1));
    expect(findNearCopies([blank, blank], ["train", "test"])).toEqual([]);
  });

  test("report progress twice a picture", () => {
    const seen: number[] = [];
    findNearCopies(prints.slice(0, 3), ["train", "test", "val"], { onProgress: (done) => seen.push(done) });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe("leaks", () => {
  const item = (path: string, split: Split, more: Partial<Item> = {}): Item => ({
    path,
    file: path,
    label: 0,
    class: "normal",
    split,
    patient: null,
    group: null,
    mask: null,
    ...more,
  });
  const evidence = (sha256: string, print: Fingerprint) => ({ sha256, fingerprint: print });

  test("are shared patients, shared groups, identical files and near copies across splits, each named once", () => {
    const items = [
      item("a.png", "train", { patient: "p1", group: "g1" }),
      item("b.png", "train", { patient: "p1" }),
      item("c.png", "test", { patient: "p1", group: "g1" }),
      item("d.png", "val", { group: "g2" }),
      item("e.png", "test"),
      item("f.png", "train"),
    ];
    const copy = fingerprint(COPIES["mirrored left-right"](originals[1], random));
    const leaks = findLeaks(items, [
      evidence("1", prints[0]),
      evidence("2", prints[1]),
      evidence("3", prints[2]),
      evidence("4", prints[3]),
      evidence("5", copy),
      evidence("4", prints[3]),
    ]);
    expect(leaks.map(({ kind, a, b, detail }) => [kind, a, b, detail])).toEqual([
      ["patient", "a.png", "c.png", "patient p1"],
      ["group", "a.png", "c.png", "group g1"],
      ["identical", "d.png", "f.png", "the same file"],
      ["near-copy", "b.png", "e.png", "a copy turned left-right"],
    ]);
  });

  test("go when the images farther from test go: all of a patient's, and one of each pair", () => {
    const items = [
      item("a.png", "train", { patient: "p1" }),
      item("b.png", "train", { patient: "p1" }),
      item("c.png", "val", { patient: "p1" }),
      item("d.png", "test", { patient: "p1" }),
      item("e.png", "val"),
      item("f.png", "train"),
      item("g.png", "train", { patient: "p2" }),
    ];
    const evidences = items.map((_, i) => evidence(["1", "2", "3", "4", "same", "same", "5"][i], prints[i]));
    const gone = leakingItems(items, findLeaks(items, evidences));
    expect(gone.map(({ path }) => path)).toEqual(["a.png", "b.png", "c.png", "f.png"]);
    const kept = items.map((_, i) => i).filter((i) => !gone.includes(items[i]));
    expect(
      findLeaks(
        kept.map((i) => items[i]),
        kept.map((i) => evidences[i]),
      ),
    ).toEqual([]);
  });
});
