import { input, mean, mul, square } from "@hale/autodiff";
import { PART_PREFIX, underPrefix, VIEW_PREFIX } from "@hale/detector";
import { expect, test } from "vitest";
import type { DirectInference, RestoringInference } from "./method.ts";
import { answersTo } from "./outputs.ts";

const x = input("x", [2, 1, 4, 4]);

test("a method without a counterpart gives map and score, and no healthy image", () => {
  const direct: DirectInference = { anomalyMap: (image) => square(image) };
  const answers = answersTo(direct, x);
  expect(Object.keys(answers)).toEqual(["score", "map"]);
  expect(answers.score.shape).toEqual([2]);
});

test("a method with a counterpart gives it, and judges by it", () => {
  const healthy = input("healthy", x.shape);
  const seen: unknown[] = [];
  const restoring: RestoringInference = {
    restore: () => healthy,
    anomalyMap: (_, counterpart) => {
      seen.push(counterpart);
      return counterpart;
    },
    score: (map) => mul(mean(map, [1, 2, 3]), 2),
    views: (image) => ({ plain: image }),
    parts: (_, counterpart) => ({ half: mean(counterpart, [1, 2, 3]) }),
  };
  const answers = answersTo(restoring, x);
  expect(answers.healthy).toBe(healthy);
  expect(seen).toEqual([healthy]);
  expect(Object.keys(underPrefix(VIEW_PREFIX, answers))).toEqual(["plain"]);
  expect(Object.keys(underPrefix(PART_PREFIX, answers))).toEqual(["half"]);
});
