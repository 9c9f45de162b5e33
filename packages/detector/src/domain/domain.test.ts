import { emptyRaster, type Raster, resizePlane } from "@hale/imaging";
import { seededRandom } from "@hale/statistics";
import { expect, test } from "vitest";
import { isBlank, refuseBlank } from "./blank.ts";
import { domainCheck, domainWords } from "./check.ts";
import { type Description, describe, structureInverted, structureTurned, structureUpsideDown } from "./description.ts";
import { FEWEST, fitDomain } from "./fit.ts";
import { distanceFrom, fitGaussian } from "./gaussian.ts";
import { decodeGaussian, domainSchema, encodeGaussian } from "./record.ts";

const SIDE = 64;

function drawn(value: (x: number, y: number) => number): Raster {
  const raster = emptyRaster(SIDE, SIDE, 1);
  for (let i = 0; i < raster.data.length; i++) {
    raster.data[i] = Math.max(0, Math.min(255, Math.round(value(i % SIDE, Math.floor(i / SIDE)))));
  }
  return raster;
}

/** A bright disc above a grey band on dark ground, a little different each time, with a lesion if asked for. */
function organ(seed: number, lesion = false): Raster {
  const random = seededRandom(seed);
  const [x0, y0, r] = [30 + 4 * random(), 22 + 4 * random(), 13 + 3 * random()];
  const [gain, band] = [0.8 + 0.4 * random(), 48 + 3 * random()];
  const [noise, tilt, shade, wave] = [10 * random(), 4 * random() - 2, random() - 0.5, 6 * random()];
  return drawn((x, y) => {
    const disc = 150 / (1 + Math.exp(Math.hypot(x - x0, y - y0) - r));
    const below = 90 / (1 + Math.exp(-(y - band - (tilt * x) / SIDE)));
    const spot = lesion ? 40 / (1 + Math.exp(Math.hypot(x - x0 - 4, y - y0) - 4)) : 0;
    const texture = 8 * Math.sin((x + y) / 4 + wave) * Math.sin((x - y) / 6);
    return gain * (15 + disc + below + spot + texture + shade * (x - 32) + noise * random());
  });
}

/** Stripes at an angle: another organ. */
const stripes = (seed: number) => {
  const random = seededRandom(seed);
  const phase = 6 * random();
  return drawn((x, y) => 120 + 80 * Math.sin((x + 2 * y) / 5 + phase) + 8 * random());
};

const count = (n: number, make: (seed: number) => Raster) => Array.from({ length: n }, (_, i) => make(i + 1));
const each = (rasters: readonly Raster[]) => rasters.map((_, i) => `image ${i}`);
const fitted = (rasters: readonly Raster[], clusters = each(rasters)) => fitDomain(rasters.map(describe), clusters);

const normals = count(60, (seed) => organ(seed));
const found = fitted(normals);
if (!("domain" in found)) throw new Error(found.domainReason);
const check = domainCheck(found.domain);
const outside = (rasters: readonly Raster[]) => rasters.filter((raster) => check(describe(raster)).outside).length;

test("new images of the kind are inside, with a lesion too; those of another kind are outside", () => {
  expect(outside(count(100, (seed) => organ(1000 + seed)))).toBeLessThanOrEqual(5);
  expect(outside(count(100, (seed) => organ(2000 + seed, true)))).toBeLessThanOrEqual(5);
  expect(outside(count(20, stripes))).toBe(20);
});

const altered = (change: (value: number, i: number, all: Raster["data"]) => number) =>
  count(20, (seed) => {
    const raster = organ(3000 + seed);
    return { ...raster, data: Uint8Array.from(raster.data, (value, i) => change(value, i, raster.data)) };
  });

test.each([
  ["inverted", "inverted", altered((value) => 255 - value)],
  ["upside down", "upside down", altered((_, i, all) => all[(SIDE - 1 - Math.floor(i / SIDE)) * SIDE + (i % SIDE)])],
  ["a sixteenth of the range", "brightness values", altered((value) => value / 16)],
])("%s images are outside, and it is said why", (_, reason, rasters) => {
  const findings = rasters.map((raster) => check(describe(raster)));
  for (const { outside: is, reasons, distance } of findings) {
    expect(is).toBe(true);
    expect(reasons).toContain(reason);
    expect(distance).toBeGreaterThan(1);
  }
});

test("colour is outside where all training images are grey, but not equal planes", () => {
  const [grey] = count(1, (seed) => organ(4000 + seed));
  const rgb = (gains: readonly number[]): Raster => ({
    ...grey,
    channels: 3,
    data: Uint8Array.from({ length: 3 * grey.data.length }, (_, i) => grey.data[Math.floor(i / 3)] * gains[i % 3]),
  });
  expect(check(describe(rgb([1, 1, 1])))).toMatchObject({ outside: false, reasons: [] });
  expect(check(describe(rgb([1, 0.6, 0.3]))).reasons).toContain("colour");
});

test("the size of an image does not matter, nor the depth of its values", () => {
  const [small] = count(1, (seed) => organ(5000 + seed));
  const plane = resizePlane(small.data, SIDE, SIDE, 200, 150);
  const large: Raster = {
    width: 200,
    height: 150,
    channels: 1,
    maxValue: 65535,
    data: Uint16Array.from(plane, (v) => v * 257),
  };
  expect(check(describe(small)).outside).toBe(false);
  expect(check(describe(large)).outside).toBe(false);
});

test("twenty images are enough, fewer or one patient's are not, and it is said", () => {
  expect(fitted(normals.slice(0, FEWEST))).toHaveProperty("domain");
  const few = fitted(normals.slice(0, FEWEST - 1));
  expect(few).toEqual({ domainReason: expect.stringContaining("19 normal images cannot tell") });
  const one = fitted(
    normals,
    normals.map(() => "patient 1"),
  );
  expect(one).toEqual({ domainReason: expect.stringContaining("one patient or group") });
});

test("what is stored is small, the same each time, and checked when it is read", () => {
  const text = JSON.stringify(found.domain);
  expect(JSON.stringify(fitted(normals))).toBe(`{"domain":${text}}`);
  expect(text.length).toBeLessThan(20_000);
  expect(domainSchema.parse(JSON.parse(text))).toEqual(found.domain);
  const { usual } = found.domain;
  const refused = (structure: string) =>
    domainSchema.safeParse({ ...found.domain, usual: { ...usual, structure } }).success === false;
  expect(refused(usual.texture)).toBe(true);
  expect(refused("%")).toBe(true);
  expect(refused(usual.structure.repeat(10))).toBe(true);
  const nan = btoa(String.fromCharCode(...new Uint8Array(Float32Array.from({ length: 129 }, () => Number.NaN).buffer)));
  expect(refused(nan)).toBe(true);
});

test("the structure of a turned picture is that of the turned structure", () => {
  const structure = (raster: Raster) => describe(raster).structure;
  const raster = organ(7);
  const turned = drawn((x, y) => raster.data[(SIDE - 1 - y) * SIDE + x]);
  const inverted = drawn((x, y) => 255 - raster.data[y * SIDE + x]);
  const close = (a: Float64Array, b: Float64Array) => {
    for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i], 6);
  };
  close(structureUpsideDown(structure(raster)), structure(turned));
  close(structureInverted(structure(raster)), structure(inverted));
  const across = drawn((x, y) => raster.data[x * SIDE + y]);
  close(structureTurned(structure(raster)), structure(across));
});

test("with all directions kept the distance is that of Mahalanobis", () => {
  const random = seededRandom(3);
  const rows = Array.from({ length: 400 }, () => {
    const [a, b, c] = [random() - 0.5, random() - 0.5, random() - 0.5];
    return Float64Array.of(3 * a + b, a - 2 * b, 0.5 * c + a);
  });
  const gaussian = fitGaussian(rows, 3, 1e-12);
  expect(gaussian.variances.length).toBe(2);
  // Mean of the squared distances over the rows that it was fitted to: (n - 1) / n for any covariance of full rank.
  const mean = rows.reduce((sum, row) => sum + distanceFrom(gaussian, row) ** 2, 0) / rows.length;
  expect(mean).toBeCloseTo(399 / 400, 10);
  const back = decodeGaussian(encodeGaussian(gaussian), 3)!;
  expect(distanceFrom(back, rows[0])).toBeCloseTo(distanceFrom(gaussian, rows[0]), 4);
});

test("a picture of one value is refused by name", () => {
  expect(isBlank(emptyRaster(4, 4, 3))).toBe(true);
  expect(() =>
    refuseBlank(
      drawn(() => 7),
      "a.png",
    ),
  ).toThrow("a.png holds one value only (7)");
  expect(() => refuseBlank(organ(1), "a.png")).not.toThrow();
});

test("the reasons in words", () => {
  expect(domainWords(null)).toBeNull();
  expect(domainWords({ outside: false, distance: 0.5, reasons: [] })).toBeNull();
  expect(domainWords({ outside: true, distance: 3, reasons: ["inverted"] })).toBe(
    "outside what this detector knows: black and white seem to be exchanged",
  );
});

test("a description without any edge is finite", () => {
  const all = (description: Description) => Object.values(description).flatMap((part) => [...part]);
  expect(all(describe(emptyRaster(1, 1, 1))).every(Number.isFinite)).toBe(true);
});
