/** @file ProxyAno's networks: parameter counts, the discriminator's maps, evaluation without batch mates. */
import { evaluate, input, Parameters } from "@hale/autodiff";
import { describe, expect, test } from "vitest";
import { discriminator, extractProxy, type Mode, reconstruct } from "./networks.ts";
import { pictures, tiny, values } from "./test-support.ts";

const evaluation: Mode = { evaluate: "running" };

describe("parameter counts", () => {
  test.each([
    [64, 9_409_728, 7_046_849, 200 * 512, 3_984_449],
    [32, 2_354_784, 1_763_169, 200 * 256, 996_897],
    [16, 589_872, 441_521, 200 * 128, null],
  ])("at width %i are those of the reference", (width, encoder, decoder, memory, irmDecoder) => {
    const parameters = new Parameters();
    const options = tiny({ width, slots: 200 });
    const { proxy } = extractProxy(parameters.scope("pem"), input("x", [1, 1, 32, 32]), options, evaluation);
    reconstruct(parameters.scope("irm"), proxy, options, evaluation);
    expect(parameters.count("pem/encoder/")).toBe(encoder);
    expect(parameters.count("pem/decoder/")).toBe(decoder);
    expect(parameters.count("pem/memory/")).toBe(memory);
    expect(parameters.count("irm/encoder/")).toBe(encoder);
    if (irmDecoder !== null) expect(parameters.count("irm/")).toBe(encoder + irmDecoder);
  });

  test("of IRM and discriminator at width 64 are P-Net's", () => {
    const parameters = new Parameters();
    const x = input("x", [1, 1, 64, 64]);
    reconstruct(parameters.scope("irm"), x, { width: 64 }, evaluation);
    discriminator(parameters.scope("d"), x, { width: 64 });
    expect(parameters.count("irm/")).toBe(13_394_177);
    expect(parameters.count("d/")).toBe(2_761_728);
  });
});

test.each([
  [224, 26],
  [256, 30],
  [128, 14],
])("the discriminator judges images of side %i in a map of side %i", (size, side) => {
  const logits = discriminator(new Parameters().scope("d"), input("x", [2, 1, size, size]), { width: 64 });
  expect(logits.shape).toEqual([2, 1, side, side]);
});

describe("in evaluation", () => {
  const run = (mode: "running" | "batch", images: ArrayLike<number>, count: number) => {
    const parameters = new Parameters();
    const settings = tiny({ evaluation: mode });
    const { proxy } = extractProxy(parameters.scope("pem"), input("x", [count, 1, 16, 16]), settings, {
      evaluate: mode,
    });
    const image = reconstruct(parameters.scope("irm"), proxy, settings, { evaluate: mode });
    return evaluate([image], { ...values(parameters), x: images })[0].data;
  };
  const both = pictures(2, 16);

  // One pixel is left at the bottom of 16 x 16, so an image's own statistics would erase it; this holds the batch apart.
  test.each(["running", "batch"] as const)("with %s statistics an image's batch mates do not matter", (mode) => {
    expect(run(mode, both, 2).slice(0, 256)).toEqual(run(mode, both.slice(0, 256), 1));
  });

  test("the two ways differ", () => {
    expect(run("batch", both, 2)).not.toEqual(run("running", both, 2));
  });
});
