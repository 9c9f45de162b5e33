import fc from "fast-check";
import { expect, test } from "vitest";
import { delongTest } from "./delong.ts";
import { seededRandom } from "./random.ts";
import { auroc } from "./ranking.ts";
import { deviate, refusal, tiedCases } from "./test-support.ts";

const FIRST = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.2, 0.4, 0.7, 0.35];
const SECOND = [0.3, 0.1, 0.6, 0.7, 0.2, 0.8, 0.1, 0.5, 0.4, 0.9];
const LABELS = [0, 0, 1, 1, 1, 1, 0, 0, 0, 1];

test("the test agrees with the pairwise definition computed in NumPy", () => {
  // numpy 2.4.6: psi over all pairs, np.cov of its row and column means, scipy's norm.sf.
  const result = delongTest(FIRST, SECOND, LABELS);
  expect(result.difference).toBeCloseTo(-0.2, 12);
  expect(result.standardError).toBeCloseTo(0.21213203435596423, 12);
  expect(result.z).toBeCloseTo(-0.9428090415820644, 12);
  expect(result.pValue).toBeCloseTo(0.34577858615115975, 12);
  expect(result.low).toBeCloseTo(-0.2 - 1.959963984540054 * 0.21213203435596423, 12);
});

test("its AUROCs are the plain ones, and swapping the methods changes only the sign", () => {
  fc.assert(
    fc.property(tiedCases, ({ scores, labels }) => {
      fc.pre([0, 1].every((label) => labels.filter((other) => other === label).length > 1));
      const other = scores.map((score, i) => score * ((i % 3) - 1));
      const forth = delongTest(scores, other, labels);
      const back = delongTest(other, scores, labels);
      expect(forth.first).toBeCloseTo(auroc(scores, labels), 12);
      expect(forth.second).toBeCloseTo(auroc(other, labels), 12);
      expect(back.difference).toBeCloseTo(-forth.difference, 12);
      expect(back.standardError).toBeCloseTo(forth.standardError, 12);
    }),
  );
});

test("two equal methods differ by nothing; a difference without variance has no p-value", () => {
  expect(delongTest(FIRST, FIRST, LABELS)).toMatchObject({ difference: 0, standardError: 0, z: 0, pValue: 1 });
  expect(delongTest([1, 1, 2, 2], [2, 2, 1, 1], [0, 0, 1, 1])).toMatchObject({ difference: 1, z: null, pValue: null });
});

test("between equally good methods it finds a difference at 5 % about 5 % of the time", () => {
  const random = seededRandom(9);
  const labels = Uint8Array.from({ length: 80 }, (_, i) => i % 2);
  let found = 0;
  const draws = 1000;
  for (let draw = 0; draw < draws; draw++) {
    const common = Array.from(labels, (label) => label + deviate(random));
    const noisy = () => common.map((score) => score + deviate(random));
    if (delongTest(noisy(), noisy(), labels).pValue! < 0.05) found++;
  }
  expect(Math.abs(found / draws - 0.05)).toBeLessThan(0.025);
});

test("a single case of a class is refused", () => {
  expect(refusal(() => delongTest([1, 2, 3], [1, 2, 3], [0, 0, 1]))).toBe("STATISTIC_UNSUPPORTED");
  expect(refusal(() => delongTest([1, 2, 3], [1, 2], [0, 0, 1]))).toBe("STATISTIC_UNSUPPORTED");
});
