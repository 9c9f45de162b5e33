/** @file `hale backbone` as people meet it: an ONNX file of another program listed, imported, shown, and learnt through. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writePhantomSet } from "@hale/data/node";
import { unpackDetector } from "@hale/detector";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noise, tinyPlain } from "../../../packages/methods/src/backbone/node/test-support.ts";
import { type FixtureNode, onnxBytes } from "../../../packages/methods/src/backbone/onnx/model-fixture.ts";
import { expectRefused, runHale } from "./cli-fixture.ts";

let root = "";
const hale = (...args: string[]) => runHale(root, args);

const node = (name: string, op: string, inputs: string[], output: string, attributes = {}): FixtureNode => {
  return { name, op, inputs, outputs: [output], attributes };
};
const network = onnxBytes({
  input: { name: "x", dims: [1, 3, 32, 32] },
  nodes: [
    node("/stem/Conv", "Conv", ["x", "w"], "s", { pads: [1, 1, 1, 1] }),
    node("/layer1/layer1.0/Conv", "Conv", ["s", "v"], "c", { pads: [1, 1, 1, 1], strides: [2, 2] }),
    node("/layer1/layer1.1/Relu", "Relu", ["c"], "d"),
    node("/head/Erf", "Erf", ["d"], "y"),
  ],
  tensors: {
    w: { dims: [4, 3, 3, 3], data: noise(108, 1) },
    v: { dims: [4, 4, 3, 3], data: noise(144, 2) },
  },
  outputs: ["y"],
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hale-backbone-"));
  await writeFile(join(root, "net.onnx"), network);
});
afterAll(() => rm(root, { recursive: true }));

test("layers are listed with shapes, modules and what cannot be had, and nothing is written", async () => {
  const { code, out, err } = await hale("backbone", "import", "net.onnx", "--list");
  expect([code, err]).toEqual([0, ""]);
  const rows = out.trim().split("\n");
  expect(rows[0]).toMatch(/^layer +op +shape at 32/);
  expect(rows[1]).toMatch(/^stem +Conv +4 x 32 x 32 +feature$/);
  expect(rows[3]).toMatch(/^layer1\.1 +Relu +4 x 16 x 16 +feature layer1; ends layer1$/);
  expect(rows[4]).toMatch(/^head +Erf +\? +not to be had: the node \/head\/Erf \(Erf\) is of an op/);
  expect(await readdir(root)).toEqual(["net.onnx"]);
  const { layers } = JSON.parse((await hale("backbone", "import", "net.onnx", "--list", "--json")).out);
  expect(layers[2]).toMatchObject({ name: "layer1.1", outputs: ["d"], shape: [4, 16, 16], feature: "layer1" });
});

test("an import keeps what is said of the weights, and a detector's card says it again", async () => {
  const said = [
    "--source",
    "made up",
    "--licence",
    "CC0",
    "--name",
    "Little",
    "--features",
    "layer1",
    "--mean",
    "0,0,0",
  ];
  const imported = await hale("backbone", "import", "net.onnx", "--out", "little.onnx", ...said);
  expect([imported.code, imported.err]).toEqual([0, ""]);
  expect(imported.out).toMatch(/features +layer1 \(4\)/);
  expect(imported.out).toMatch(/^layer1 +conv +4 x 16 x 16 +feature$/m);
  const shown = JSON.parse((await hale("backbone", "show", "little.onnx", "--json")).out);
  const sha256 = createHash("sha256").update(network).digest("hex");
  expect(shown).toMatchObject({ name: "Little", origin: "made up", licence: "CC0", size: 32, weightsSha256: sha256 });
  expect(shown.input).toMatchObject({ channelOrder: "RGB", mean: [0, 0, 0] });

  const counts = { trainNormal: 12, unlabelled: 0, valNormal: 20, testNormal: 2, testAbnormal: 2 };
  await writePhantomSet(join(root, "scans"), { seed: 5, size: 32, counts });
  const learnt = ["--method", "knn", "--size", "32", "--threads", "1", "--set", "backbone=little.onnx"];
  const trained = await hale("train", "scans", "--out", "run", ...learnt);
  expect(trained.code, trained.err).toBe(0);
  const bytes = new Uint8Array(await readFile(join(root, "run", "detector.hale")));
  const { card } = await unpackDetector(bytes, "detector.hale");
  expect(card.backbone).toEqual({ name: "Little", origin: "made up", licence: "CC0", sha256, layers: ["layer1"] });
}, 240_000);

test("features that nobody named end where the network has a layer that cannot be had, and a note says so", async () => {
  const { code, out, err } = await hale("backbone", "import", "net.onnx", "--out", "default.onnx");
  expect(code).toBe(0);
  expect(out).toMatch(/features +stem \(4\), layer1 \(4\)/);
  expect(err).toMatch(
    /^Of net\.onnx only layers before this one were taken over: the node \/head\/Erf \(Erf\) is of an op/,
  );
});

test("a folder in the plain form is listed and imported too, with other features if some are named", async () => {
  const { record, bytes } = tinyPlain();
  const folder = await mkdtemp(join(root, "plain-"));
  await writeFile(join(folder, "model.json"), JSON.stringify(record));
  await writeFile(join(folder, "weights.bin"), bytes);
  expect((await hale("backbone", "import", folder, "--list")).out).toMatch(/^classes +dense +4$/m);
  const made = await hale("backbone", "import", folder, "--out", "tiny.onnx", "--features", "deep", "--licence", "MIT");
  expect([made.code, made.err]).toEqual([0, ""]);
  const shown = JSON.parse((await hale("backbone", "show", "tiny.onnx", "--json")).out);
  expect(shown).toMatchObject({
    origin: "made up for tests",
    licence: "MIT",
    layers: [{ layer: "deep", channels: 7 }],
  });
  expectRefused(
    await hale("backbone", "import", folder, "--out", "t.onnx", "--mean", "0,0,0"),
    2,
    /says itself how images are prepared/,
  );
  expectRefused(
    await hale("backbone", "import", folder, "--out", "t.onnx", "--features", "mean"),
    2,
    /no layer mean with rows/,
  );
});

test.each<[string, string[], number, RegExp]>([
  ["nothing to write to", ["net.onnx"], 2, /There is no file to write to\. Give --out, or --list/],
  ["no such file", ["none.onnx", "--out", "o.onnx"], 1, /no file none\.onnx\. Give an ONNX file, or a folder/],
  ["a file that is there", ["net.onnx", "--out", "net.onnx"], 1, /net\.onnx is there already\. Add --force/],
  [
    "a layer that is not there",
    ["net.onnx", "--out", "o.onnx", "--features", "layer9"],
    2,
    /no layer layer9\. .*The flag is --features/,
  ],
  [
    "a layer that cannot be had",
    ["net.onnx", "--out", "o.onnx", "--features", "head"],
    2,
    /\/head\/Erf \(Erf\) is of an op/,
  ],
  ["two numbers", ["net.onnx", "--out", "o.onnx", "--mean", "0,1"], 2, /three numbers with commas/],
  ["another order", ["net.onnx", "--out", "o.onnx", "--channel-order", "GBR"], 2, /Allowed choices are RGB, BGR/],
])("%s is refused, and nothing is written", async (_what, args, code, sentence) => {
  expectRefused(await hale("backbone", "import", ...args), code, sentence);
  expect(await readdir(root)).not.toContain("o.onnx");
});
