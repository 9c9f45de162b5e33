import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDataset, writePhantomSet } from "@hale/data/node";
import { expect, test } from "vitest";
import { partition } from "../partition.ts";
import { iterationsOf } from "../run/epochs.ts";
import { splitOf } from "../run/run-settings.ts";

test("epochs are counted in the normals that are left to learn from", async () => {
  const data = await mkdtemp(join(tmpdir(), "hale-epochs-"));
  const counts = { trainNormal: 30, unlabelled: 0, valNormal: 4, testNormal: 0, testAbnormal: 0 };
  await writePhantomSet(data, { seed: 5, size: 32, counts });
  const settings = { method: "sagan", seed: 1, falseAlarmRate: 0.25 };
  const dataset = await loadDataset(data);
  const { train } = partition(dataset, splitOf(settings));
  expect(train.length).toBeLessThan(30);
  expect(iterationsOf(3, dataset, { ...settings, options: { batch: 4 } })).toBe(Math.ceil((3 * train.length) / 4));
  expect(() => iterationsOf(3, dataset, { ...settings, options: {} })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", setting: "iterations" }),
  );
  await rm(data, { recursive: true });
});
