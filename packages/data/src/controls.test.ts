import { seededRandom } from "@hale/statistics";
import { describe, expect, test } from "vitest";
import { summariseCheck } from "./check.ts";
import { auditControls, CONTROL_SIZE, CONTROLS } from "./controls.ts";

const random = seededRandom(5);
const length = CONTROL_SIZE * CONTROL_SIZE;
const image = (paint: (x: number, y: number) => number) =>
  Float32Array.from({ length }, (_, i) => paint(i % CONTROL_SIZE, Math.floor(i / CONTROL_SIZE)));
const noise = (amount: number) => () => amount * (random() - 0.5);
const trainNormals = Array.from({ length: 20 }, () => image(noise(0.2)));
const normals = Array.from({ length: 12 }, () => image(noise(0.2)));
const labels = (abnormals: Float32Array[]) => [...normals.map(() => 0 as const), ...abnormals.map(() => 1 as const)];
/** Every image a patient of its own. */
const apart = (of: (0 | 1)[]) => ({ labels: of, clusters: of.map((_, i) => `patient ${i}`) });
const audit = (abnormals: Float32Array[]) =>
  new Map(
    auditControls({ trainNormals, images: [...normals, ...abnormals] }, apart(labels(abnormals))).map((result) => [
      result.name,
      result,
    ]),
  );

describe("the confound audit", () => {
  test("sees that abnormal images are darker, and says so", () => {
    const results = audit(Array.from({ length: 12 }, () => image(() => -0.3 + noise(0.2)())));
    expect(results.get("brightness")).toMatchObject({
      name: "brightness",
      auroc: { estimate: 1, low: 1, high: 1 },
      averagePrecision: { estimate: 1 },
      direction: "abnormal images are darker",
    });
    expect(results.get("mean-image")?.auroc.estimate).toBe(1);
  });

  test("sees that abnormal images are blurrier", () => {
    const results = audit(Array.from({ length: 12 }, () => image(noise(0.05))));
    expect(results.get("blur")).toMatchObject({ auroc: { estimate: 1 }, direction: "abnormal images are blurrier" });
  });

  test("PCA error is small inside the span of the normals and large outside", () => {
    const wave = (k: number) => image((x) => Math.sin((x * k * Math.PI) / CONTROL_SIZE));
    const mix = (ks: number[]) => {
      const weights = ks.map(() => random() - 0.5);
      return image((x) => ks.reduce((sum, k, i) => sum + weights[i] * Math.sin((x * k * Math.PI) / CONTROL_SIZE), 0));
    };
    const [inside, outside] = CONTROLS.pca.score({
      trainNormals: Array.from({ length: 12 }, () => mix([2, 4, 6])),
      images: [mix([2, 4, 6]), wave(9)],
    });
    expect(inside).toBeLessThan(1e-10);
    expect(outside).toBeGreaterThan(0.1);
  });

  test("finds nothing where nothing differs, and never less than one half", () => {
    for (const { auroc } of audit(Array.from({ length: 12 }, () => image(noise(0.2)))).values()) {
      expect(auroc.estimate).toBeGreaterThanOrEqual(0.5);
      expect(auroc.estimate).toBeLessThan(0.8);
      expect(auroc.low!).toBeLessThan(auroc.estimate);
      expect(auroc.high!).toBeGreaterThan(auroc.estimate);
    }
  });

  test("has the pool's control only where there is a pool, in the direction that it learnt without labels", () => {
    expect(audit(Array.from({ length: 12 }, () => image(noise(0.2)))).has("pool")).toBe(false);
    // Half of the pool is darker; the abnormal test images are brighter, so that what was learnt points the wrong way.
    const pool = Array.from({ length: 20 }, (_, i) => image(() => (i % 2 ? -0.3 : 0) + noise(0.2)()));
    const abnormals = Array.from({ length: 12 }, () => image(() => 0.3 + noise(0.2)()));
    const input = { trainNormals, pool, images: [...normals, ...abnormals] };
    const found = auditControls(input, apart(labels(abnormals))).find(({ name }) => name === "pool")!;
    expect(found.auroc.estimate).toBeLessThan(0.2);
    expect(found.direction).toMatch(/less like the unlabelled pool/);
    expect(found.scores).toHaveLength(24);
  });

  test("cannot work without training normals or with one class", () => {
    expect(() => auditControls({ trainNormals: [], images: normals }, apart(labels([])))).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
    expect(() => auditControls({ trainNormals, images: normals }, apart(labels([])))).toThrow(
      expect.objectContaining({ code: "STATISTIC_UNSUPPORTED" }),
    );
  });

  const rated = (estimate: number) => {
    const interval = { estimate, low: null, high: null, reason: "too few" };
    return { auroc: interval, averagePrecision: interval, scores: [] };
  };

  test("a control of 0.70 or more becomes a warning in plain words", () => {
    const check = summariseCheck(
      { name: "scans", root: "/", items: [], warnings: [] },
      {
        leaks: [],
        nearCopies: true,
        controls: [
          { name: "blur", ...rated(0.7), direction: "abnormal images are blurrier" },
          { name: "pca", ...rated(0.69), direction: "x" },
        ],
        controlsOn: "test",
        skipped: [],
      },
    );
    expect(check.warnings).toHaveLength(1);
    expect(check.warnings[0]).toMatch(/"blur" alone reaches an AUROC of 0\.70 on test: abnormal images are blurrier\./);
  });
});
