/** @file The pSp encoder: published parameter counts, shapes, sizes it refuses, and one image apart from another. */
import {
  gradients,
  input,
  type NamedArray,
  Parameters,
  Program,
  State,
  square,
  sum,
  type Tensor,
} from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { describe, expect, test } from "vitest";
import { FULL_SIZE, fullEncoder, type LiteEncoderOptions, liteEncoder, type Mode, type Updates } from "./encoder.ts";
import { map2style } from "./map2style.ts";

const image = (count: number, channels: number, side: number) => input("x", [count, channels, side, side]);

describe("the full encoder", () => {
  const build = (styles: number, channels: number) => {
    const parameters = new Parameters();
    const delta = fullEncoder(parameters.scope("e"), image(2, channels, FULL_SIZE), { styles }, "evaluate");
    return { parameters, delta };
  };

  test.each([
    [10, 3, 151_764_672],
    [14, 3, 209_450_688],
    [18, 3, 267_136_704],
    [14, 1, 209_449_536],
  ])("with %i styles and %i channels has the published number of parameters", (styles, channels, total) => {
    const { parameters, delta } = build(styles, channels);
    expect(parameters.count()).toBe(total);
    expect(delta.shape).toEqual([2, styles, 512]);
  });

  test("has the published number in each piece", () => {
    expect(build(1, 1).parameters.count("e/stem/")).toBe(768);
    const { parameters } = build(14, 3);
    expect(parameters.count("e/stem/")).toBe(1_920);
    expect(parameters.count("e/body/")).toBe(30_948_160);
    expect(parameters.count("e/lateral/")).toBe(197_632);
    const ofStyles = Array.from({ length: 14 }, (_, i) => parameters.count(`e/style/${i}/`));
    expect(ofStyles).toEqual([
      ...Array<number>(3).fill(9_701_888),
      ...Array<number>(4).fill(12_061_696),
      ...Array<number>(7).fill(14_421_504),
    ]);
  });

  test.each([128, 512, 250])("refuses images of side %i", (side) => {
    const scope = new Parameters().scope("e");
    expect(() => fullEncoder(scope, image(1, 1, side), { styles: 14 }, "evaluate")).toThrow(RangeError);
  });
});

test.each([[[2, 8, 6, 6]], [[2, 8, 4, 8]]])("a map %j that does not shrink to one pixel is refused", (shape) => {
  expect(() => map2style(new Parameters().scope("s"), input("x", shape))).toThrow(RangeError);
});

const tiny: LiteEncoderOptions = { styles: 8, width: 16, styleWidth: 64 };

describe("the lite encoder", () => {
  test.each([
    [{ width: 32, styleWidth: 128, styles: 10 }, 64, [384, 2_816_384, 57_728, 4_592_640], 7_467_136],
    [tiny, 32, [192, 705_408, 14_528, 550_272], 1_270_400],
  ])("of %o at side %i has the document's number of parameters", (options, side, pieces, total) => {
    const parameters = new Parameters();
    const delta = liteEncoder(parameters.scope("e"), image(3, 1, side), options, "evaluate");
    expect(["stem", "body", "lateral", "style"].map((piece) => parameters.count(`e/${piece}/`))).toEqual(pieces);
    expect(parameters.count()).toBe(total);
    expect(delta.shape).toEqual([3, options.styles, options.styleWidth]);
  });

  test.each([128, 256])("takes images of side %i", (side) => {
    const delta = liteEncoder(new Parameters().scope("e"), image(2, 3, side), { ...tiny, styles: 14 }, "evaluate");
    expect(delta.shape).toEqual([2, 14, 64]);
  });

  test.each([16, 48, 100])("refuses images of side %i", (side) => {
    const scope = new Parameters().scope("e");
    expect(() => liteEncoder(scope, image(1, 1, side), tiny, "evaluate")).toThrow(RangeError);
  });

  test("while training gives new running statistics, one pair a normalisation, and no others", () => {
    const parameters = new Parameters();
    const updates: Updates = {};
    liteEncoder(parameters.scope("e"), image(2, 1, 32), tiny, { train: updates });
    expect(Object.keys(updates).sort()).toEqual([...parameters.buffers().keys()].sort());
    // The stem's, two of each of eight units, and the three shortcuts where the width changes.
    expect(Object.keys(updates).length).toBe(2 * (1 + 16 + 3));
  });
});

describe("the lite encoder on the CPU", () => {
  const SIDE = 32;
  const PIXELS = SIDE * SIDE;
  const pictures = new Random(7, "pictures").normals(3 * PIXELS);
  const [a, b, c] = [0, 1, 2].map((i) => pictures.slice(i * PIXELS, (i + 1) * PIXELS));

  const joined = (...images: Float32Array[]) => Float32Array.from(images.flatMap((values) => [...values]));

  /** Runs an encoder of `count` images once; `change` may replace first values. */
  async function run(
    count: number,
    images: Float32Array,
    mode: Mode,
    outputsOf: (delta: Tensor, parameters: Parameters) => Record<string, Tensor> = (delta) => ({ delta }),
    change: (name: string, array: NamedArray) => NamedArray = (_, array) => array,
  ): Promise<{ outputs: Record<string, Float32Array>; after: Map<string, NamedArray> }> {
    const parameters = new Parameters();
    const delta = liteEncoder(parameters.scope("e"), image(count, 1, SIDE), tiny, mode);
    const state = new State(await openDevice({ threads: 1 }));
    const first = parameters.initialise(new Random(1, "start"));
    state.write(new Map([...first].map(([name, array]) => [name, change(name, array)])));
    const outputs = outputsOf(delta, parameters);
    const updates = mode === "evaluate" ? {} : mode.train;
    const program = await Program.compile(state, { name: "encode", outputs, updates });
    const result = await program.run({ x: images });
    const after = await state.read();
    await program.release();
    state.dispose();
    return { outputs: result, after };
  }

  test("in evaluation says of an image the same whatever its batch mates", async () => {
    const [withB, withC, alone] = [
      (await run(2, joined(a, b), "evaluate")).outputs.delta,
      (await run(2, joined(a, c), "evaluate")).outputs.delta,
      (await run(1, a, "evaluate")).outputs.delta,
    ];
    const size = tiny.styles * tiny.styleWidth;
    expect(withC.slice(0, size)).toEqual(withB.slice(0, size));
    expect(withC.slice(size)).not.toEqual(withB.slice(size));
    // Another batch size is another program, whose sums may run in another order.
    const largest = Math.max(...alone.map(Math.abs));
    for (let i = 0; i < size; i++) expect(Math.abs(alone[i] - withB[i])).toBeLessThan(1e-5 * largest);
  });

  test("gives offsets of exactly zero where the dense weights and biases of map2style are zero", async () => {
    const zero = (name: string, { shape, data }: NamedArray) => ({
      shape,
      data: /^e\/style\/\d+\/dense\//.test(name) ? new Float32Array(data.length) : data,
    });
    const { outputs } = await run(2, joined(a, b), "evaluate", undefined, zero);
    expect(outputs.delta.every((v) => v === 0)).toBe(true);
    expect((await run(2, joined(a, b), "evaluate")).outputs.delta.every((v) => v === 0)).toBe(false);
  });

  test("while training moves the running statistics towards the batch's", async () => {
    const { after } = await run(2, joined(a, b), { train: {} });
    for (const [name, { data }] of after) {
      if (name.endsWith("runningMean"))
        expect(
          data.some((v) => v !== 0),
          name,
        ).toBe(true);
      if (name.endsWith("runningVariance"))
        expect(
          data.every((v) => v !== 1 && v > 0),
          name,
        ).toBe(true);
    }
  });

  test("sends gradients to every parameter", async () => {
    const energies = (delta: Tensor, parameters: Parameters) => {
      const own = parameters.trainable();
      const slopes = gradients(sum(square(delta)), [...own.values()]);
      return Object.fromEntries([...own.keys()].map((name, i) => [`energy of ${name}`, sum(square(slopes[i]))]));
    };
    const { outputs } = await run(2, joined(a, b), { train: {} }, energies);
    expect(Object.keys(outputs).length).toBeGreaterThan(100);
    for (const [name, [energy]] of Object.entries(outputs)) {
      expect(Number.isFinite(energy), name).toBe(true);
      expect(energy, name).toBeGreaterThan(0);
    }
  });
});
