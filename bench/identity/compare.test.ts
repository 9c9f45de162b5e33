/** @file The comparison sees what differs, and the README shows the script that is compared. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { cardWith } from "../../packages/detector/src/test-support.ts";
import type { Answer, SmallDetector } from "./answer.ts";
import { compare } from "./compare.ts";
import { SCRIPT } from "./python.ts";

// Standard deviation of the normals' scores 0.0816, brightest colour 0.5.
const detector: SmallDetector = { method: "sagan", card: cardWith(), file: "d.hale", images: [] };
const answer = (score: number, map: number[] = [0, 0.1]): Answer => ({ score, decision: "not above", map });
const rows = (...answers: Answer[]) => compare("python", [detector], [answers], [answers.map(() => answer(0.2))])[0];

test("a difference is over the larger of score and spread, and the worst counts", () => {
  expect(rows(answer(0.2), answer(0.2))).toMatchObject({ method: "sagan", n: 2, max_relative_difference: 0 });
  expect(rows(answer(0.21), answer(0.22)).max_relative_difference).toBeCloseTo(0.1, 6);
  const near = compare("python", [detector], [[answer(0.011)]], [[answer(0.01)]])[0];
  expect(near.max_relative_difference).toBeCloseTo(0.001 / Math.sqrt(0.02 / 3), 6);
  expect(rows(answer(0.2, [0.05, 0.1])).mapDifference).toBeCloseTo(0.1, 6);
});

test("what is not a number, another decision or none, and pictures left out are seen", () => {
  expect(rows(answer(Number.NaN), answer(0.2)).max_relative_difference).toBeNaN();
  expect(rows(answer(0.2, [0])).mapDifference).toBeNaN();
  expect(rows(answer(0.2)).same_decisions).toBe(true);
  expect(rows({ ...answer(0.2), decision: "above" }).same_decisions).toBe(false);
  expect(rows({ ...answer(0.2), decision: null }).same_decisions).toBe(false);
  expect(() => compare("python", [detector], [[]], [[answer(0.2)]])).toThrow("left pictures of sagan out");
});

test("the rows of a method's detectors are one", () => {
  const answers = [[answer(0.2)], [answer(0.22)]];
  const found = compare("python", [detector, detector], answers, [[answer(0.2)], [answer(0.2)]]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ n: 2, max_relative_difference: expect.closeTo(0.1, 6) });
});

test("the README shows the script for Python, in ten lines and a docstring", async () => {
  const script = await readFile(SCRIPT, "utf8");
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`python\n${script}\`\`\``);
  expect(script.split("\n").filter((line) => line && !line.startsWith('"""')).length).toBeLessThanOrEqual(10);
});
