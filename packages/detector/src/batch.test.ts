import { expect, test } from "vitest";
import { batchSize } from "./batch.ts";

test("large images and large networks go alone, small ones eight at a time", () => {
  expect(batchSize(224, 224, 1, 64)).toBe(8);
  expect(batchSize(224, 224, 1, 256)).toBe(2);
  expect(batchSize(224, 224, 1, 512)).toBe(1);
  expect(batchSize(2048, 2048, 1, 64)).toBe(2);
  expect(batchSize(2048, 2048, 3, 64)).toBe(1);
  expect(batchSize(20_000, 10_000, 3, 1024)).toBe(1);
});
