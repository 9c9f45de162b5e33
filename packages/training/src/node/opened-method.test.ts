import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPlainModel, writeBackbone } from "@hale/methods";
import { readBackboneFile } from "@hale/methods/node";
import { expect, test } from "vitest";
import { tinyPlain } from "../../../methods/src/backbone/node/test-support.ts";
import { TINY } from "../../../methods/src/hq-anogan/tiny-fixture.ts";
import { openMethod } from "../run/opened-method.ts";

const shape = { size: 32, channels: 1 } as const;

test("settings become a recipe of their options and size", async () => {
  const opened = await openMethod({ method: "autoencoder", options: { hidden: 32 }, ...shape }, readBackboneFile);
  expect(opened.method.name).toBe("autoencoder");
  expect(opened.shape).toEqual(shape);
  expect(opened.recipe.learning).toBe("gradient");
  expect([opened.backbone, opened.inheritance]).toEqual([[], null]);
});

test("a backbone's file is read where the options name one, and what is taken from another run is told", async () => {
  const root = await mkdtemp(join(tmpdir(), "hale-opened-"));
  const plain = tinyPlain();
  const backbone = await readPlainModel(JSON.stringify(plain.record), plain.bytes, "tiny");
  const file = join(root, "tiny.onnx");
  await writeFile(file, await writeBackbone(backbone));
  const options = { ...TINY, perceptual: file, generator: "runs/other" };
  const opened = await openMethod({ method: "hq-anogan", options, ...shape }, readBackboneFile);
  expect(opened.backbone).toEqual([...(await readBackboneFile(file)).weights.values()]);
  expect(opened.backbone.length).toBeGreaterThan(0);
  expect(opened.inheritance).toMatchObject({ from: "runs/other" });
  const missing = openMethod(
    {
      method: "hq-anogan",
      options: { ...TINY, perceptual: join(root, "no.onnx") },
      ...shape,
    },
    readBackboneFile,
  );
  await expect(missing).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await rm(root, { recursive: true });
});

test("sizes and methods that there are not are refused", async () => {
  const refused = { code: "OPTION_INVALID" };
  await expect(
    openMethod({ method: "autoencoder", options: {}, size: 30, channels: 1 }, readBackboneFile),
  ).rejects.toMatchObject(refused);
  await expect(openMethod({ method: "nothing", options: {}, ...shape }, readBackboneFile)).rejects.toMatchObject(
    refused,
  );
});
