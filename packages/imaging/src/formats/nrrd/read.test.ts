import { HaleError } from "@hale/core";
import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { axisCodes, reorient } from "../../volumes/orientation.ts";
import { ALL_CODES, canonicalScan, storedAs } from "../../volumes/scan-fixture.ts";
import { VOLUME_LIMITS } from "../../volumes/volume-limits.ts";
import { bytesOf } from "../nifti/nifti-fixture.ts";
import { readNrrd } from "./read.ts";

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const letters = (text: string) => new TextEncoder().encode(text);
const count = (n: number) => Uint8Array.from({ length: n }, (_, i) => i);

/** An NRRD of the given fields; 3 × 2 × 2 uint8, raw, unless told otherwise. Undefined leaves a field out. */
function nrrd(fields: Record<string, string | undefined> = {}, data: Uint8Array = count(12), end = "\n"): Uint8Array {
  const all = { type: "uint8", dimension: "3", sizes: "3 2 2", encoding: "raw", ...fields };
  const lines = Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}\n`]));
  return join(letters(`NRRD0005\n# a comment: of no matter\n${lines.join("")}key:=a: value\n${end}`), data);
}

const read = (fields: Record<string, string | undefined> = {}, data?: Uint8Array) =>
  readNrrd(nrrd(fields, data), "a.nrrd");
const refusal = async (reading: Promise<unknown>) => {
  const error: HaleError = await reading.then(
    () => {
      throw new Error("it was read");
    },
    (e) => e,
  );
  expect(error).toBeInstanceOf(HaleError);
  expect(error.message).toContain("a.nrrd");
  return error.code;
};

describe("types, byte orders and encodings", () => {
  const values = [0, 1, 2, 100, 3, 127];
  test.each([
    ["int8", "Int8", "int8"],
    ["unsigned char", "Uint8", "uint8"],
    ["short", "Int16", "int16"],
    ["unsigned short int", "Uint16", "uint16"],
    ["int", "Int32", "int32"],
    ["uint32_t", "Uint32", "uint32"],
    ["float", "Float32", "float32"],
    ["double", "Float64", "float64"],
    ["long long int", "BigInt64", "int64"],
    ["uint64", "BigUint64", "uint64"],
  ] as const)("%s", async (name, array, type) => {
    const big = array.startsWith("Big");
    for (const endian of ["little", "big"]) {
      const data = bytesOf(big ? values.map(BigInt) : values, array, endian === "little");
      const fields = { type: name, sizes: "3 2 1", endian };
      const raw = await read(fields, data);
      expect(raw).toMatchObject({ type, encoding: "raw", shape: [3, 2, 1] });
      expect([...raw.stored]).toEqual(values);
      expect((await read({ ...fields, encoding: "gz" }, gzipSync(data))).stored).toEqual(raw.stored);
      expect((await read({ ...fields, encoding: "text" }, letters("0 1\n2,100 3\t127\n"))).stored).toEqual(raw.stored);
    }
  });

  test("text holds NaN and infinity for floats, and only whole numbers within range for integers", async () => {
    const of = (type: string, text: string) => read({ type, sizes: "1 1 3", encoding: "ascii" }, letters(text));
    expect([...(await of("float", "nan -inf 1.5e3")).stored]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 1500]);
    for (const text of [
      "1 2 256",
      "1 2 -1",
      "1 2 1.5",
      "1 2 nan",
      "1 2",
      "1 2 3 4",
      "1 2 x",
      "",
      `1 2 ${"0".repeat(65)}`,
    ]) {
      expect(await refusal(of("uchar", text)), text).toBe("IMAGE_CORRUPT");
    }
    expect(await refusal(of("float", "1 2 one"))).toBe("IMAGE_CORRUPT");
  });

  test("bzip2, hex and what nobody knows are refused", async () => {
    for (const encoding of ["bz2", "bzip2", "hex", "zip"]) {
      expect(await refusal(read({ encoding }))).toBe("IMAGE_UNSUPPORTED");
    }
    await expect(read({ encoding: "bzip2" })).rejects.toThrow(/bzip2/);
    expect(await refusal(read({ type: "block" }))).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal(read({ type: "short", sizes: "3 2 1" }))).toBe("IMAGE_CORRUPT");
  });

  test("bytes and lines before the samples", async () => {
    expect([...(await read({ "byte skip": "2" }, join(count(2), count(12)))).stored]).toEqual([...count(12)]);
    expect([...(await read({ "byte skip": "-1" }, join(count(7), count(12)))).stored]).toEqual([...count(12)]);
    expect([...(await read({ "line skip": "2" }, join(letters("a\nb\n"), count(12)))).stored]).toEqual([...count(12)]);
    const packed = gzipSync(join(count(3), count(12)));
    expect([...(await read({ "byte skip": "3", encoding: "gzip" }, packed)).stored]).toEqual([...count(12)]);
    for (const skip of ["1", "-2", "0.5", "1e300", "x"]) {
      expect(await refusal(read({ "byte skip": skip })), skip).toBe("IMAGE_CORRUPT");
    }
    expect(await refusal(read({ "line skip": "1" }))).toBe("IMAGE_CORRUPT");
    expect(await refusal(read({ "byte skip": "-1", encoding: "gzip" }, packed))).toBe("IMAGE_CORRUPT");
  });
});

describe("place in the patient", () => {
  const spaces = [
    ["right-anterior-superior", -1, -1],
    ["RAS", -1, -1],
    ["left-anterior-superior", 1, -1],
    ["LAS", 1, -1],
    ["left-posterior-superior", 1, 1],
    ["LPS", 1, 1],
  ] as const;
  test.each(spaces)("%s", async (space, left, back) => {
    const { scans } = await read({
      space,
      "space directions": "(2,0,0) (0,3,0) (0,0,4)",
      "space origin": "(-10, 20, 30)",
    });
    expect(scans[0].affine).toEqual([2 * left, 0, 0, -10 * left, 0, 3 * back, 0, 20 * back, 0, 0, 4, 30, 0, 0, 0, 1]);
    expect(scans[0].spacing).toEqual([2, 3, 4]);
  });

  test("one volume in all 48 orientations comes out of reorient the same", async () => {
    const canonical = canonicalScan([3, 4, 5], [0.5, 0, 0, -17, 0, 1.5, 0.3, 23, 0, -0.2, 3, -41.5, 0, 0, 0, 1]);
    for (const codes of ALL_CODES) {
      const { size, stored, affine } = storedAs(canonical, codes);
      const a = affine!;
      const fields = {
        type: "short",
        sizes: size.join(" "),
        endian: "little",
        encoding: "gzip",
        space: "left-posterior-superior",
        "space directions": [0, 1, 2].map((axis) => `(${a[axis]},${a[4 + axis]},${a[8 + axis]})`).join(" "),
        "space origin": `(${a[3]},${a[7]},${a[11]})`,
      };
      const [scan] = (await read(fields, gzipSync(bytesOf([...stored], "Int16")))).scans;
      expect(axisCodes(scan.affine!)).toBe(codes);
      const turned = reorient(scan);
      expect(turned.stored).toEqual(canonical.stored);
      turned.affine!.forEach((value, i) => {
        expect(value).toBeCloseTo(canonical.affine![i], 9);
      });
    }
  });

  test("a space that is not the patient's gives sizes alone; units become millimetres", async () => {
    const directions = { "space directions": "(2,0,0) (0,3,0) (0,0,4)" };
    for (const fields of [{ space: "scanner-xyz" }, { space: "3D-right-handed" }, { "space dimension": "3" }]) {
      const { scans } = await read({ ...fields, ...directions });
      expect(scans[0]).toMatchObject({ affine: null, spacing: [2, 3, 4] });
    }
    expect((await read({ spacings: "1.5 nan 4" })).scans[0]).toMatchObject({ affine: null, spacing: [1.5, null, 4] });
    const metres = { space: "LPS", ...directions, "space units": '"m" "m" "m"' };
    expect((await read(metres)).scans[0].spacing).toEqual([2000, 3000, 4000]);
    expect(await refusal(read({ space: "RAST", ...directions }))).toBe("IMAGE_UNSUPPORTED");
  });

  test("directions and origins that cannot be are refused", async () => {
    const space = "LPS";
    for (const fields of [
      { "space directions": "(2,0,0) (0,3,0)" },
      { "space directions": "(2,0,0) (0,3,0) (0,0,x)" },
      { "space directions": "(2,0,0) (0,3,0) (0,0,nan)" },
      { "space directions": "(2,0,0) (0,3,0) (0,0,0)" },
      { "space directions": "(2,0,0) (2,0,0) (0,0,1)" },
      { "space directions": "(2,0) (0,3) (0,0)" },
      { "space directions": "(2,0,0) (0,3,0) (0,0,1)", "space origin": "(1,2)" },
      { "space directions": "(2,0,0) (0,3,0) (0,0,1)", "space origin": "1,2,3" },
    ]) {
      expect(await refusal(read({ space, ...fields })), JSON.stringify(fields)).toBe("IMAGE_CORRUPT");
    }
  });

  test("a single slice in space gets its third axis by the right hand", async () => {
    const fields = { dimension: "2", sizes: "4 3", space: "LPS", "space directions": "(0,2,0) (0,0,-3)" };
    const { scans } = await read(fields);
    expect(scans[0].size).toEqual([4, 3, 1]);
    expect(axisCodes(scans[0].affine!)).toBe("PIR");
  });
});

describe("components and time", () => {
  test("three bytes side by side are a colour", async () => {
    const fields = { dimension: "4", sizes: "3 2 2 1", kinds: "RGB-color domain domain domain" };
    const { scans } = await read(fields);
    expect(scans).toHaveLength(1);
    expect(scans[0]).toMatchObject({ channels: 3, size: [2, 2, 1] });
    expect([...scans[0].stored]).toEqual([...count(12)]);
    const directions = {
      ...fields,
      kinds: undefined,
      space: "LPS",
      "space directions": "none (1,0,0) (0,1,0) (0,0,1)",
    };
    expect((await read(directions)).scans[0]).toMatchObject({ channels: 3, spacing: [1, 1, 1] });
  });

  test("other vectors are taken apart; time points follow each other", async () => {
    const two = await read({ dimension: "4", sizes: "2 3 2 1", kinds: "vector domain domain domain" });
    expect(two.scans.map((scan) => [...scan.stored])).toEqual([
      [0, 2, 4, 6, 8, 10],
      [1, 3, 5, 7, 9, 11],
    ]);
    const signed = await read({ type: "int8", dimension: "4", sizes: "3 2 2 1", kinds: "vector domain domain domain" });
    expect(signed.scans.map((scan) => [...scan.stored])).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ]);
    for (const kinds of [undefined, "domain domain domain list"]) {
      const time = await read({ dimension: "4", sizes: "2 3 1 2", kinds });
      expect(time.scans.map((scan) => [...scan.stored])).toEqual([
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
      ]);
    }
    expect(await refusal(read({ dimension: "4", sizes: "2 3 1 2", kinds: "space list space space" }))).toBe(
      "IMAGE_UNSUPPORTED",
    );
    expect(await refusal(read({ dimension: "5", sizes: "2 3 1 2 1" }))).toBe("IMAGE_UNSUPPORTED");
  });
});

describe("detached headers", () => {
  const header = (file: string) => nrrd({ "data file": file }, new Uint8Array(0), "");

  test("ask for the file of a plain name, and for no other", async () => {
    const asked: string[] = [];
    const open = async (file: string) => {
      asked.push(file);
      return count(12);
    };
    expect([...(await readNrrd(header("b.raw"), "a.nrrd", open)).stored]).toEqual([...count(12)]);
    for (const file of [
      "../b.raw",
      "/etc/b",
      "sub/b",
      "..",
      ".",
      "C:b",
      "..\\b",
      "b%03d.raw 1 9 1",
      "LIST",
      "list 2",
      "",
      "x".repeat(256),
    ]) {
      expect(await refusal(readNrrd(header(file), "a.nrrd", open)), file).toBe("IMAGE_UNSUPPORTED");
    }
    expect(asked).toEqual(["b.raw"]);
    expect(await refusal(readNrrd(header("b.raw"), "a.nrrd"))).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal(readNrrd(header("b.raw"), "a.nrrd", () => count(11)))).toBe("IMAGE_CORRUPT");
  });
});

describe("headers that lie", () => {
  test("sizes, dimensions and fields that cannot be", async () => {
    for (const fields of [
      { sizes: "3 2 0" },
      { sizes: "3 2 -2" },
      { sizes: "3 2 1.5" },
      { sizes: "3 2" },
      { sizes: "3 2 x" },
      { sizes: undefined },
      { dimension: "0" },
      { dimension: "17" },
      { dimension: "3 3" },
      { dimension: undefined },
      { type: undefined },
      { encoding: undefined },
      { sizes: "3 2 3" },
    ]) {
      expect(await refusal(read(fields)), JSON.stringify(fields)).toBe("IMAGE_CORRUPT");
    }
    expect(await refusal(read({ sizes: "1e300 1e300 1e300" }))).toBe("IMAGE_TOO_LARGE");
    expect(await refusal(readNrrd(letters("NRRD0005\nsizes: 1\nsizes: 2\n\n"), "a.nrrd"))).toBe("IMAGE_CORRUPT");
    expect(await refusal(readNrrd(letters("NRRD0005\nnonsense\n\n"), "a.nrrd"))).toBe("IMAGE_CORRUPT");
    for (const magic of ["NRRD0006\n\n", "NRRD", "nrrd0001\n\n", "x"]) {
      expect(await refusal(readNrrd(letters(magic), "a.nrrd"))).toBe("IMAGE_UNSUPPORTED");
    }
    expect(await refusal(readNrrd(new Uint8Array(0), "a.nrrd"))).toBe("IMAGE_CORRUPT");
  });

  test("every cut is refused", async () => {
    const whole = nrrd({ encoding: "gzip" }, gzipSync(count(12)));
    for (let length = 0; length < whole.length; length++) await refusal(readNrrd(whole.subarray(0, length), "a.nrrd"));
    expect([...(await readNrrd(whole, "a.nrrd")).stored]).toEqual([...count(12)]);
  });

  test("the budgets of voxels, frames and header at limit - 1, limit and limit + 1", async () => {
    const under = (limits: Partial<typeof VOLUME_LIMITS>, fields = {}) =>
      readNrrd(nrrd(fields), "a.nrrd", undefined, { ...VOLUME_LIMITS, ...limits });
    expect(await refusal(under({ pixels: 11 }))).toBe("IMAGE_TOO_LARGE");
    for (const pixels of [12, 13]) expect((await under({ pixels })).stored).toHaveLength(12);
    const time = { dimension: "4", sizes: "2 3 1 2" };
    expect(await refusal(under({ frames: 1 }, time))).toBe("IMAGE_TOO_LARGE");
    for (const frames of [2, 3]) expect((await under({ frames }, time)).scans).toHaveLength(2);
    const plain = nrrd().length - 12;
    for (const [header, verdict] of [
      [65535, 12],
      [65536, 12],
      [65537, null],
    ] as const) {
      const reading = read({ content: "x".repeat(header - plain - "content: \n".length) });
      if (verdict) expect((await reading).stored).toHaveLength(verdict);
      else expect(await refusal(reading)).toBe("IMAGE_TOO_LARGE");
    }
  });
});
