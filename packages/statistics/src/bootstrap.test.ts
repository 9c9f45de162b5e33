import { expect, test } from "vitest";
import { clusteredIntervals } from "./bootstrap.ts";
import { normalProbability } from "./normal.ts";
import { type Random, seededRandom } from "./random.ts";
import { auroc, averagePrecision } from "./ranking.ts";
import { deviate, refusal } from "./test-support.ts";

/** Patients of one class with several alike images each: a patient effect and an image effect of equal size. */
function patients(random: Random, { count, images, shift }: { count: number; images: number; shift: number }) {
  const scores: number[] = [];
  const labels: number[] = [];
  const clusters: string[] = [];
  for (let patient = 0; patient < count; patient++) {
    const label = patient % 2;
    const effect = deviate(random);
    for (let image = 0; image < images; image++) {
      scores.push(label * shift + effect + deviate(random));
      labels.push(label);
      clusters.push(`patient ${patient}`);
    }
  }
  return { scores, labels, clusters };
}

const cohort = patients(seededRandom(1), { count: 100, images: 5, shift: 1 });
const metrics = ["auroc", "averagePrecision"] as const;

test("estimates are the plain metrics and lie inside their intervals", () => {
  const { intervals, clusters, abnormalClusters, normalClusters, caution } = clusteredIntervals({
    ...cohort,
    metrics,
    seed: 1,
  });
  expect(intervals.auroc.estimate).toBeCloseTo(auroc(cohort.scores, cohort.labels), 12);
  expect(intervals.averagePrecision.estimate).toBeCloseTo(averagePrecision(cohort.scores, cohort.labels), 12);
  for (const { estimate, low, high, reason } of Object.values(intervals)) {
    expect(reason).toBeNull();
    expect(low).toBeLessThan(estimate);
    expect(high).toBeGreaterThan(estimate);
  }
  expect({ clusters, abnormalClusters, normalClusters, caution }).toEqual({
    clusters: 100,
    abnormalClusters: 50,
    normalClusters: 50,
    caution: null,
  });
});

test("a seed fixes the interval; another seed moves it", () => {
  const at = (seed: number) => clusteredIntervals({ ...cohort, metrics: ["auroc"], resamples: 200, seed }).intervals;
  expect(at(1)).toEqual(at(1));
  expect(at(1)).not.toEqual(at(2));
});

test("2000 resamples of 500 images take well under a second", () => {
  const start = performance.now();
  clusteredIntervals({ ...cohort, metrics, seed: 1 });
  expect(performance.now() - start).toBeLessThan(1000);
});

test("95 % intervals over patients cover the truth about 95 % of the time; over images they fall far short", () => {
  const random = seededRandom(11);
  const truth = normalProbability(1 / 2); // Shift 1 between variables of variance 2: Phi(1 / sqrt(4)).
  const draws = 300;
  let covered = 0;
  let coveredByImages = 0;
  for (let draw = 0; draw < draws; draw++) {
    const sample = patients(random, { count: 60, images: 4, shift: 1 });
    const options = { ...sample, metrics: ["auroc"] as const, resamples: 300, seed: draw };
    const { low, high } = clusteredIntervals(options).intervals.auroc;
    if (low! <= truth && truth <= high!) covered++;
    const images = sample.clusters.map((_, i) => `image ${i}`);
    const narrow = clusteredIntervals({ ...options, clusters: images }).intervals.auroc;
    if (narrow.low! <= truth && truth <= narrow.high!) coveredByImages++;
  }
  expect(Math.abs(covered / draws - 0.95)).toBeLessThan(0.035);
  expect(coveredByImages / draws).toBeLessThan(0.85);
});

test("under ten clusters there is an estimate, no interval, and the reason", () => {
  const few = patients(seededRandom(2), { count: 9, images: 10, shift: 1 });
  const { intervals, resamples } = clusteredIntervals({ ...few, metrics: ["auroc"], seed: 1 });
  expect(intervals.auroc).toMatchObject({ low: null, high: null });
  expect(intervals.auroc.reason).toContain("9 clusters");
  expect(resamples).toBe(0);
});

test("resamples without a class are drawn again and counted, and a rare class earns a caution", () => {
  const scores = Float32Array.from({ length: 30 }, (_, i) => i);
  const labels = Uint8Array.from({ length: 30 }, (_, i) => (i === 20 ? 1 : 0));
  const clusters = Array.from(scores, String);
  const { redrawn, caution, intervals } = clusteredIntervals({ scores, labels, clusters, metrics: ["auroc"], seed: 1 });
  expect(redrawn / (redrawn + 2000)).toBeCloseTo((29 / 30) ** 30, 1);
  expect(caution).toContain("1 carry abnormal");
  expect(intervals.auroc.low).not.toBeNull();
});

test("what cannot be ranked or resampled is refused", () => {
  const works = [
    () => clusteredIntervals({ ...cohort, clusters: ["a"], metrics, seed: 1 }),
    () => clusteredIntervals({ ...cohort, metrics, seed: 1, resamples: 0 }),
    () => clusteredIntervals({ ...cohort, metrics, seed: 1, level: 95 }),
    () => clusteredIntervals({ ...cohort, labels: cohort.labels.map(() => 0), metrics, seed: 1 }),
  ];
  for (const work of works) expect(refusal(work)).toBe("STATISTIC_UNSUPPORTED");
});
