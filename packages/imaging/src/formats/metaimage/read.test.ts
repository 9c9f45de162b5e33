import { HaleError } from "@hale/core";
import { gzipSync, zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { axisCodes, reorient } from "../../volumes/orientation.ts";
import { ALL_CODES, canonicalScan, storedAs } from "../../volumes/scan-fixture.ts";
import { VOLUME_LIMITS } from "../../volumes/volume-limits.ts";
import { bytesOf } from "../nifti/nifti-fixture.ts";
import { readMetaImage } from "./read.ts";

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const letters = (text: string) => new TextEncoder().encode(text);
const count = (n: number) => Uint8Array.from({ length: n }, (_, i) => i);
type Given = Record<string, string | undefined>;

/** A MetaImage of the given fields; 3 × 2 × 2 bytes, raw, unless told otherwise. Undefined leaves a field out. */
function meta(fields: Given = {}, data: Uint8Array = count(12)): Uint8Array {
  const { ElementDataFile, ...others } = { ElementDataFile: "LOCAL", ...fields };
  const all = {
    ObjectType: "Image",
    NDims: "3",
    DimSize: "3 2 2",
    ElementType: "MET_UCHAR",
    ...others,
    ElementDataFile,
  };
  const lines = Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}\n`]));
  return join(letters(lines.join("")), data);
}

const read = (fields: Given = {}, data?: Uint8Array) => readMetaImage(meta(fields, data), "a.mha");
const refusal = async (reading: Promise<unknown>) => {
  const error: HaleError = await reading.then(
    () => {
      throw new Error("it was read");
    },
    (e) => e,
  );
  expect(error).toBeInstanceOf(HaleError);
  expect(error.message).toContain("a.mha");
  return error.code;
};

describe("types, byte orders and compression", () => {
  const values = [0, 1, 2, 100, 3, 127];
  test.each([
    ["MET_CHAR", "Int8", "int8"],
    ["MET_UCHAR", "Uint8", "uint8"],
    ["MET_SHORT", "Int16", "int16"],
    ["MET_USHORT", "Uint16", "uint16"],
    ["MET_INT", "Int32", "int32"],
    ["MET_UINT", "Uint32", "uint32"],
    ["MET_LONG", "Int32", "int32"],
    ["MET_ULONG", "Uint32", "uint32"],
    ["MET_LONG_LONG", "BigInt64", "int64"],
    ["MET_ULONG_LONG", "BigUint64", "uint64"],
    ["MET_FLOAT", "Float32", "float32"],
    ["MET_DOUBLE", "Float64", "float64"],
  ] as const)("%s", async (ElementType, array, type) => {
    for (const little of [true, false]) {
      const data = bytesOf(array.startsWith("Big") ? values.map(BigInt) : values, array, little);
      const fields = { DimSize: "3 2 1", ElementType, BinaryDataByteOrderMSB: little ? "False" : "True" };
      const raw = await read(fields, data);
      expect(raw).toMatchObject({ type, littleEndian: little, compressed: false, shape: [3, 2, 1] });
      expect([...raw.stored]).toEqual(values);
      for (const packed of [zlibSync(data), gzipSync(data)]) {
        const stored = (await read({ ...fields, CompressedData: "True" }, packed)).stored;
        expect(stored).toEqual(raw.stored);
        const sized = { ...fields, CompressedData: "True", CompressedDataSize: `${packed.length}` };
        expect((await read(sized, join(packed, count(5)))).stored).toEqual(stored);
      }
      const text = await read({ ...fields, BinaryData: "False" }, letters("0 1 2 100 3 127\n"));
      expect(text.stored).toEqual(raw.stored);
    }
  });

  test("types that are not read, and other objects, are refused", async () => {
    for (const ElementType of ["MET_STRING", "MET_OTHER", "x"]) {
      expect(await refusal(read({ ElementType }))).toBe("IMAGE_UNSUPPORTED");
    }
    expect(await refusal(read({ ObjectType: "Tube" }))).toBe("IMAGE_UNSUPPORTED");
  });

  test("slope and offset are the modality transform", async () => {
    const fields = { ElementToIntensityFunctionSlope: "2", ElementToIntensityFunctionOffset: "-1024" };
    expect((await read(fields)).scans[0].modality).toEqual([{ kind: "linear", slope: 2, intercept: -1024 }]);
    expect((await read({ ElementToIntensityFunctionSlope: "0" })).scans[0].modality).toEqual([
      { kind: "linear", slope: 1, intercept: 0 },
    ]);
  });
});

describe("place in the patient", () => {
  test("each row of TransformMatrix is the direction of one axis, in LPS", async () => {
    const fields = { TransformMatrix: "0 1 0 0 0 1 1 0 0", Offset: "-10 20 30", ElementSpacing: "2 3 4" };
    const { scans } = await read({ ...fields, AnatomicalOrientation: "RAI" });
    expect(scans[0].affine).toEqual([0, 0, 4, -10, 2, 0, 0, 20, 0, 3, 0, 30, 0, 0, 0, 1]);
    expect(axisCodes(scans[0].affine!)).toBe("PSL");
    expect(scans[0].spacing).toEqual([2, 3, 4]);
  });

  test("one volume in all 48 orientations comes out of reorient the same", async () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const affine = [0.5, 0, 0, -17, 0, 1.5 * c, -3 * s, 23, 0, 1.5 * s, 3 * c, -41.5, 0, 0, 0, 1];
    const canonical = canonicalScan([3, 4, 5], affine);
    for (const codes of ALL_CODES) {
      const scan = storedAs(canonical, codes);
      const a = scan.affine!;
      const rows = [0, 1, 2].flatMap((axis) => [a[axis], a[4 + axis], a[8 + axis]].map((v) => v / scan.spacing[axis]!));
      const fields = {
        DimSize: scan.size.join(" "),
        ElementType: "MET_SHORT",
        CompressedData: "True",
        TransformMatrix: rows.join(" "),
        Offset: `${a[3]} ${a[7]} ${a[11]}`,
        ElementSpacing: scan.spacing.join(" "),
      };
      const file = await read(fields, zlibSync(bytesOf([...scan.stored], "Int16")));
      expect(axisCodes(file.scans[0].affine!)).toBe(codes);
      const turned = reorient(file.scans[0]);
      expect(turned.stored).toEqual(canonical.stored);
      turned.affine!.forEach((value, i) => {
        expect(value).toBeCloseTo(canonical.affine![i], 9);
      });
    }
  });

  test("AnatomicalOrientation counts where there is no matrix, and says where axes come from", async () => {
    for (const [letters, codes] of [
      ["RAI", "LPS"],
      ["LPS", "RAI"],
      ["ASL", "PIR"],
    ]) {
      const { scans } = await read({ AnatomicalOrientation: letters, Offset: "1 2 3" });
      expect(axisCodes(scans[0].affine!)).toBe(codes);
      expect(scans[0].affine!.filter((_, i) => i % 4 === 3)).toEqual([1, 2, 3, 1]);
    }
    for (const AnatomicalOrientation of ["???", "RRI", undefined]) {
      const { scans } = await read({ AnatomicalOrientation, ElementSize: "2 3 4" });
      expect(scans[0]).toMatchObject({ affine: null, spacing: [2, 3, 4] });
    }
  });

  test("a flat picture has no place, and a matrix that loses an axis is refused", async () => {
    const flat = await read({ NDims: "2", DimSize: "4 3", TransformMatrix: "1 0 0 1", ElementSpacing: "2 3" });
    expect(flat.scans[0]).toMatchObject({ affine: null, spacing: [2, 3, null], size: [4, 3, 1] });
    for (const fields of [
      { TransformMatrix: "1 0 0 1 0 0 0 0 1" },
      { TransformMatrix: "1 0 0 0 1 0 0 0" },
      { TransformMatrix: "1 0 0 0 1 0 0 0 nan" },
      { TransformMatrix: "1 0 0 0 1 0 0 0 1", Offset: "1 2" },
      { ElementSpacing: "1 1 0" },
      { ElementSpacing: "1 -1 1" },
    ]) {
      expect(await refusal(read(fields)), JSON.stringify(fields)).toBe("IMAGE_CORRUPT");
    }
  });
});

test("three channels of bytes are a colour, others are scans of their own; time comes last", async () => {
  const rgb = await read({ DimSize: "2 2 1", ElementNumberOfChannels: "3" });
  expect(rgb.scans).toHaveLength(1);
  expect(rgb.scans[0]).toMatchObject({ channels: 3, stored: count(12) });
  const two = await read({ DimSize: "3 2 1", ElementNumberOfChannels: "2" });
  expect(two.scans.map((scan) => [...scan.stored])).toEqual([
    [0, 2, 4, 6, 8, 10],
    [1, 3, 5, 7, 9, 11],
  ]);
  const time = await read({ NDims: "4", DimSize: "3 2 1 2", TransformMatrix: "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1" });
  expect(time.scans.map((scan) => [...scan.stored])).toEqual([
    [0, 1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10, 11],
  ]);
  expect(axisCodes(time.scans[1].affine!)).toBe("LPS");
});

test("an .mhd asks for the file of a plain name, and for no other", async () => {
  const header = (file: string, more: Given = {}) => meta({ ...more, ElementDataFile: file }, new Uint8Array(0));
  const asked: string[] = [];
  const open = (file: string) => {
    asked.push(file);
    return count(12);
  };
  expect([...(await readMetaImage(header("b.raw"), "a.mha", open)).stored]).toEqual([...count(12)]);
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
    "",
    "x".repeat(256),
  ]) {
    expect(await refusal(readMetaImage(header(file), "a.mha", open)), file).toBe("IMAGE_UNSUPPORTED");
  }
  expect(asked).toEqual(["b.raw"]);
  expect(await refusal(readMetaImage(header("b.raw"), "a.mha"))).toBe("IMAGE_UNSUPPORTED");
  expect(await refusal(readMetaImage(header("b.raw"), "a.mha", () => count(11)))).toBe("IMAGE_CORRUPT");
  const behind = () => join(count(4), count(12));
  for (const HeaderSize of ["4", "-1"]) {
    const { stored } = await readMetaImage(header("b.raw", { HeaderSize }), "a.mha", behind);
    expect([...stored]).toEqual([...count(12)]);
  }
  for (const HeaderSize of ["-2", "5", "17", "0.5", "1e300"]) {
    expect(await refusal(readMetaImage(header("b.raw", { HeaderSize }), "a.mha", behind)), HeaderSize).toBe(
      "IMAGE_CORRUPT",
    );
  }
});

describe("headers that lie", () => {
  test("sizes and fields that cannot be", async () => {
    for (const fields of [
      { DimSize: "3 2 0" },
      { DimSize: "3 2 -2" },
      { DimSize: "3 2 1.5" },
      { DimSize: "3 2" },
      { DimSize: "3 2 3" },
      { DimSize: undefined },
      { NDims: "0" },
      { NDims: undefined },
      { ElementType: undefined },
      { ElementNumberOfChannels: "0" },
      { ElementNumberOfChannels: "-1" },
      { ElementNumberOfChannels: "2" },
      { CompressedData: "True" },
      { CompressedData: "True", CompressedDataSize: "13" },
    ]) {
      expect(await refusal(read(fields)), JSON.stringify(fields)).toBe("IMAGE_CORRUPT");
    }
    expect(await refusal(read({ DimSize: "1e300 1e300 1e300" }))).toBe("IMAGE_TOO_LARGE");
    expect(await refusal(read({ NDims: "5", DimSize: "3 2 2 1 1" }))).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal(readMetaImage(letters("NDims = 3\nNDims = 3\n"), "a.mha"))).toBe("IMAGE_CORRUPT");
    expect(await refusal(readMetaImage(letters("NDims = 3\nnonsense\n"), "a.mha"))).toBe("IMAGE_CORRUPT");
    expect(await refusal(readMetaImage(letters("hello"), "a.mha"))).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal(readMetaImage(new Uint8Array(0), "a.mha"))).toBe("IMAGE_CORRUPT");
  });

  test("every cut is refused, and every wrong checksum", async () => {
    const packed = zlibSync(count(12));
    const whole = meta({ CompressedData: "True" }, packed);
    for (let length = 0; length < whole.length; length++)
      await refusal(readMetaImage(whole.subarray(0, length), "a.mha"));
    for (let i = 1; i <= 4; i++) {
      const wrong = whole.slice();
      wrong[whole.length - i] ^= 1;
      expect(await refusal(readMetaImage(wrong, "a.mha"))).toBe("IMAGE_CORRUPT");
    }
    expect([...(await readMetaImage(whole, "a.mha")).stored]).toEqual([...count(12)]);
  });

  test("the budgets of voxels, frames, bytes and header at limit - 1, limit and limit + 1", async () => {
    const under = (limits: Partial<typeof VOLUME_LIMITS>, fields = {}, data?: Uint8Array) =>
      readMetaImage(meta(fields, data), "a.mha", undefined, { ...VOLUME_LIMITS, ...limits });
    expect(await refusal(under({ pixels: 11 }))).toBe("IMAGE_TOO_LARGE");
    for (const pixels of [12, 13]) expect((await under({ pixels })).stored).toHaveLength(12);
    const channels = { DimSize: "3 2 1", ElementNumberOfChannels: "2" };
    expect(await refusal(under({ frames: 1 }, channels))).toBe("IMAGE_TOO_LARGE");
    for (const frames of [2, 3]) expect((await under({ frames }, channels)).scans).toHaveLength(2);
    const packed = (bytes: number) => {
      const inflate = { ...VOLUME_LIMITS.inflate, bytes };
      return under({ inflate }, { CompressedData: "True" }, zlibSync(count(12)));
    };
    expect(await refusal(packed(11))).toBe("IMAGE_TOO_LARGE");
    for (const bytes of [12, 13]) expect((await packed(bytes)).stored).toHaveLength(12);
    const plain = meta().length - 12;
    for (const [header, verdict] of [
      [65535, 12],
      [65536, 12],
      [65537, null],
    ] as const) {
      const reading = read({ Comment: "x".repeat(header - plain - "Comment = \n".length) });
      if (verdict) expect((await reading).stored).toHaveLength(verdict);
      else expect(await refusal(reading)).toBe("IMAGE_TOO_LARGE");
    }
  });
});
