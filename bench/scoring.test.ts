import { expect, test } from "vitest";
import { agreementOf, medianOf, summaryOf } from "./scoring-figures.ts";

const measured = (user: number, wall: number) => ({ user, sys: 0.5, wall, mb: 100 });

test("each figure is held to the best of the peers by itself", () => {
  const peers = [
    { name: "fast", ...measured(9.5, 4) },
    { name: "frugal", ...measured(4.5, 5) },
  ];
  const kept = summaryOf([{ name: "hale", ...measured(5.5, 3.6) }, ...peers]);
  expect(kept).toEqual({ processor: 1.2, leastProcessor: "frugal", wall: 0.9, leastWall: "fast", kept: true });
  expect(summaryOf([{ name: "hale", ...measured(5.6, 3.6) }, ...peers]).kept).toBe(false);
  expect(summaryOf([{ name: "hale", ...measured(4, 3.7) }, ...peers]).kept).toBe(false);
});

test("medians are taken figure by figure", () => {
  expect(medianOf([measured(1, 9), measured(3, 7), measured(2, 8)])).toEqual({ user: 2, sys: 0.5, wall: 8, mb: 100 });
});

test("scores that differ are counted, and one that is missing is no agreement", () => {
  expect(agreementOf([1, 2, -3], [1, 2, -3])).toEqual({ different: 0, largest: 0, agree: true });
  expect(agreementOf([1, 2.0001, 3], [1, 2, 3])).toMatchObject({ different: 1, agree: true });
  expect(agreementOf([1, 2.001], [1, 2])).toMatchObject({ different: 1, agree: false });
  for (const ours of [[1], [1, null], [1, Number.NaN]]) expect(agreementOf(ours, [1, 2]).agree).toBe(false);
});
