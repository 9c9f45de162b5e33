import { HaleError } from "@hale/core";
import { gzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { INFLATE_LIMITS } from "../../volumes/inflate.ts";
import { VOLUME_LIMITS } from "../../volumes/volume-limits.ts";
import { bytesOf, type FixtureOptions, niftiBytes } from "./nifti-fixture.ts";
import { readNifti } from "./read.ts";

const read = (options: FixtureOptions, limits = VOLUME_LIMITS) =>
  readNifti(niftiBytes(options), "scan.nii", undefined, limits);
const refusal = async (options: FixtureOptions, limits = VOLUME_LIMITS) => {
  const error = await read(options, limits).catch((e) => e);
  expect(error).toBeInstanceOf(HaleError);
  expect(error.message).toContain("scan.nii");
  return error.code;
};

const numbers = [-3, 7, 0, 100, -128, 127];
const positive = [3, 7, 0, 100, 255, 127];
const types = [
  ["Uint8", 2, positive, Uint8Array],
  ["Int8", 256, numbers, Int8Array],
  ["Int16", 4, [...numbers.slice(0, 4), -32768, 32767], Int16Array],
  ["Uint16", 512, [...positive.slice(0, 5), 65535], Uint16Array],
  ["Int32", 8, [...numbers.slice(0, 4), -(2 ** 31), 2 ** 31 - 1], Int32Array],
  ["Uint32", 768, [...positive.slice(0, 5), 2 ** 32 - 1], Uint32Array],
  ["Float32", 16, [0.5, -1.25, Number.NaN, Number.POSITIVE_INFINITY, 1e30, -2], Float32Array],
  ["Float64", 64, [0.1, -1.25, Number.NaN, Number.NEGATIVE_INFINITY, 1e300, -2], Float64Array],
] as const;

describe.each([1, 2] as const)("NIfTI-%i", (version) => {
  describe.each([true, false])("little-endian %s", (littleEndian) => {
    test.each(types)("%s", async (type, datatype, values, array) => {
      const data = bytesOf(values, type, littleEndian);
      const file = await read({ version, littleEndian, datatype, dim: [3, 3, 2, 1], data });
      expect(file.stored).toEqual(array.from(values as readonly number[]));
      expect(file).toMatchObject({ version, littleEndian, shape: [3, 2, 1], datatype: type.toLowerCase() });
      const packed = await readNifti(
        gzipSync(niftiBytes({ version, littleEndian, datatype, dim: [3, 3, 2, 1], data })),
        "z",
      );
      expect(packed).toEqual(file);
    });

    test("64-bit integers become float64 where they are exact, and are refused where not", async () => {
      const most = 2n ** 53n;
      const signed = [-most, -1n, 0n, 1n, 2n ** 32n + 5n, most - 1n];
      const options = { version, littleEndian, dim: [2, 3, 2] };
      const data = bytesOf(signed, "BigInt64", littleEndian);
      const file = await read({ ...options, datatype: 1024, data });
      expect(file.stored).toEqual(Float64Array.from(signed, Number));
      expect(file.scans[0].range).toEqual([-(2 ** 53), 2 ** 53 - 1]);
      const unsigned = await read({
        ...options,
        datatype: 1280,
        data: bytesOf([0n, 1n, 2n, 3n, 4n, most - 1n], "BigUint64", littleEndian),
      });
      expect(unsigned.stored).toEqual(Float64Array.from([0, 1, 2, 3, 4, 2 ** 53 - 1]));
      for (const [type, code, value] of [
        ["BigInt64", 1024, most],
        ["BigInt64", 1024, -most - 1n],
        ["BigUint64", 1280, 2n ** 64n - 1n],
      ] as const) {
        const lossy = bytesOf([0n, 0n, 0n, 0n, 0n, value], type, littleEndian);
        expect(await refusal({ ...options, datatype: code, data: lossy })).toBe("IMAGE_UNSUPPORTED");
      }
    });
  });

  test("a pair of header and image, either compressed", async () => {
    const magic = version === 1 ? "ni1" : "ni2\0\r\n\x1a\n";
    const header = niftiBytes({ version, magic, headerOnly: true });
    const image = Uint8Array.from({ length: 12 }, (_, i) => i);
    for (const [h, i] of [
      [header, image],
      [gzipSync(header), gzipSync(image)],
    ]) {
      expect((await readNifti(h, "a.hdr", i)).stored).toEqual(image);
    }
    await expect(readNifti(header, "a.hdr")).rejects.toThrow(/\.img/);
    await expect(readNifti(header, "a.hdr", image.subarray(1))).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    const later = niftiBytes({ version, magic, headerOnly: true, voxOffset: 1 });
    await expect(readNifti(later, "a.hdr", image)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    expect((await readNifti(later, "a.hdr", Uint8Array.of(99, ...image))).stored).toEqual(image);
  });

  test("extensions are skipped", async () => {
    const extension = new Array(36).fill(0xee);
    expect((await read({ version, extension })).stored[11]).toBe(11);
  });
});

test("colours are interleaved; alpha is dropped; neither is scaled", async () => {
  const data = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
  const rgb = await read({ datatype: 128, dim: [3, 2, 2, 2], data, slope: 2 });
  expect(rgb.scans[0]).toMatchObject({ channels: 3, size: [2, 2, 2], modality: [{ slope: 1, intercept: 0 }] });
  expect(rgb.stored).toEqual(data);
  const rgba = await read({ datatype: 2304, dim: [2, 3, 2], data });
  expect(rgba.stored).toEqual(data.filter((_, i) => i % 4 !== 3));
});

test("each time point and vector component is a scan, a window of one array", async () => {
  const file = await read({ dim: [5, 2, 1, 1, 3, 2], pixdim: [1, 1, 1, 1, 2000, 1, 1, 1], units: 2 + 16 });
  expect(file.shape).toEqual([2, 1, 1, 3, 2]);
  expect(file.scans.map((scan) => [...scan.stored])).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
    [8, 9],
    [10, 11],
  ]);
  expect(file.scans[3].stored.buffer).toBe(file.stored.buffer);
  expect(file.secondsBetween).toBe(2);
});

test("the given bytes are left as they were", async () => {
  const data = bytesOf([1, 2, 3, 4, 5, 6], "Int16", false);
  const bytes = niftiBytes({ littleEndian: false, datatype: 4, dim: [2, 3, 2], data });
  const before = bytes.slice();
  const { stored } = await readNifti(bytes, "scan.nii");
  stored.fill(9);
  expect(bytes).toEqual(before);
});

test("slope 0, NaN and infinity mean no scaling; a slope with an intercept that is no number is refused", async () => {
  for (const slope of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    const file = await read({ slope, intercept: Number.NaN });
    expect(file.scans[0].modality).toEqual([{ kind: "linear", slope: 1, intercept: 0 }]);
  }
  expect((await read({ slope: -2, intercept: 5 })).scans[0].modality).toEqual([
    { kind: "linear", slope: -2, intercept: 5 },
  ]);
  for (const intercept of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(await refusal({ slope: 1, intercept })).toBe("IMAGE_CORRUPT");
  }
});

test("cal_min to cal_max is the window", async () => {
  expect((await read({ calMin: -100, calMax: 300 })).scans[0].voi).toEqual([
    { kind: "window", shape: "linear-exact", center: 100, width: 400 },
  ]);
  expect((await read({ calMin: 3, calMax: 3 })).scans[0].voi).toEqual([]);
  expect((await read({ calMin: 3, calMax: Number.NaN })).scans[0].voi).toEqual([]);
});

describe("NIfTI lies", () => {
  test("dimensions: counts of 1 to 7, sizes of at least 1", async () => {
    expect((await read({ dim: [1, 12] })).scans[0].size).toEqual([12, 1, 1]);
    expect((await read({ dim: [7, 3, 2, 2, 1, 1, 1, 1] })).shape).toHaveLength(7);
    // What lies beyond dim[0] does not count.
    expect((await read({ dim: [2, 4, 3, -5, 0] })).shape).toEqual([4, 3]);
    for (const dim of [
      [0, 12],
      [8, 1, 1, 1, 1, 1, 1, 1],
      [-3, 3, 2, 2],
      [3, 0, 2, 2],
      [3, 3, -2, 2],
      [3, 3, 2, -32768],
    ]) {
      expect(await refusal({ dim }), `${dim}`).toBe("IMAGE_CORRUPT");
    }
  });

  test("32767 seven times, and 2^63 - 1 seven times, are refused at once", async () => {
    expect(await refusal({ dim: [7, ...new Array(7).fill(32767)] })).toBe("IMAGE_TOO_LARGE");
    const most = 2n ** 63n - 1n;
    expect(await refusal({ version: 2, dim: [7n, ...new Array(7).fill(most)] })).toBe("IMAGE_TOO_LARGE");
    expect(await refusal({ version: 2, dim: [3n, -most, -most, 2n] })).toBe("IMAGE_CORRUPT");
  });

  test("the voxel budget at limit - 1, limit and limit + 1", async () => {
    const dim = [3, 3, 2, 2];
    expect(await refusal({ dim }, { ...VOLUME_LIMITS, pixels: 11 })).toBe("IMAGE_TOO_LARGE");
    for (const pixels of [12, 13]) expect((await read({ dim }, { ...VOLUME_LIMITS, pixels })).shape).toEqual([3, 2, 2]);
    // The real budget: 2^28 voxels in a file that has 12 are missing data, one more are too many.
    expect(await refusal({ dim: [3, 16384, 16384, 1] })).toBe("IMAGE_CORRUPT");
    expect(await refusal({ version: 2, dim: [1, 2 ** 28 - 1] })).toBe("IMAGE_CORRUPT");
    expect(await refusal({ version: 2, dim: [1, 2 ** 28 + 1] })).toBe("IMAGE_TOO_LARGE");
  });

  test("the budget of time points at limit - 1, limit and limit + 1", async () => {
    for (const count of [9999, 10000]) {
      expect((await read({ dim: [4, 1, 1, 1, count], data: new Uint8Array(10001) })).scans).toHaveLength(count);
    }
    expect(await refusal({ dim: [4, 1, 1, 1, 10001], data: new Uint8Array(10001) })).toBe("IMAGE_TOO_LARGE");
  });

  test("the input budget at limit - 1, limit and limit + 1", async () => {
    const inputBytes = niftiBytes().length;
    for (const more of [0, 1]) await read({}, { ...VOLUME_LIMITS, inputBytes: inputBytes + more });
    expect(await refusal({}, { ...VOLUME_LIMITS, inputBytes: inputBytes - 1 })).toBe("IMAGE_TOO_LARGE");
  });

  test("vox_offset: 0 is after the header; within it, past the end, negative, NaN or a fraction is refused", async () => {
    expect((await read({ voxOffset: 0 })).stored[11]).toBe(11);
    expect((await read({ voxOffset: 352 })).stored[11]).toBe(11);
    for (const voxOffset of [1, 348, 351, 353, 364, 1e9, 3e38, -1, -352, Number.NaN, Number.POSITIVE_INFINITY, 352.5]) {
      expect(await refusal({ voxOffset }), `${voxOffset}`).toBe("IMAGE_CORRUPT");
    }
    expect((await read({ version: 2, voxOffset: 0 })).stored[11]).toBe(11);
    for (const voxOffset of [-1, 543, 545, 2 ** 53]) {
      expect(await refusal({ version: 2, voxOffset }), `${voxOffset}`).toBe("IMAGE_CORRUPT");
    }
  });

  test("data one byte short are refused, one byte long are fine; so with gzip", async () => {
    const whole = niftiBytes();
    for (const wrap of [(b: Uint8Array) => b, (b: Uint8Array) => gzipSync(b)]) {
      const long = await readNifti(wrap(Uint8Array.of(...whole, 77)), "scan.nii");
      expect(long.stored).toHaveLength(12);
      for (const length of [0, 1, 4, 100, 347, 348, 351, 352, whole.length - 1]) {
        const error = await readNifti(wrap(whole.subarray(0, length)), "scan.nii").catch((e) => e);
        expect(error, `${length}`).toBeInstanceOf(HaleError);
      }
    }
  });

  test("datatypes that do not exist are damage, those not read are named", async () => {
    for (const datatype of [0, 3, 255, -1, 32767]) expect(await refusal({ datatype })).toBe("IMAGE_CORRUPT");
    for (const datatype of [1, 32, 1536, 1792, 2048]) expect(await refusal({ datatype })).toBe("IMAGE_UNSUPPORTED");
  });

  test("bitpix does not decide", async () => {
    for (const bitpix of [0, 16, -8]) expect((await read({ bitpix })).stored[11]).toBe(11);
  });

  test("no magic is ANALYZE or damage; changed line ends are damage", async () => {
    await expect(read({ magic: "" })).rejects.toThrow(/ANALYZE 7\.5/);
    expect(await refusal({ magic: "n+3" })).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal({ magic: "n+2" })).toBe("IMAGE_UNSUPPORTED");
    expect(await refusal({ version: 2, magic: "n+1" })).toBe("IMAGE_CORRUPT");
    expect(await refusal({ version: 2, magic: "n+2\0\n\n\x1a\n" })).toBe("IMAGE_CORRUPT");
    await expect(readNifti(new Uint8Array(1000), "scan.nii")).rejects.toMatchObject({ code: "IMAGE_UNSUPPORTED" });
  });
});

describe("gzip lies", () => {
  const zipped = gzipSync(niftiBytes());
  const lie = (edit: (bytes: Uint8Array) => void) => {
    const bytes = zipped.slice();
    edit(bytes);
    return readNifti(bytes, "scan.nii.gz");
  };

  test("a wrong checksum or length is refused, so is every single cut", async () => {
    await expect(lie((b) => b.fill(0, -8, -4))).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    for (const size of [0, 1, 363, 365, 2 ** 31, 2 ** 32 - 1]) {
      const claim = lie((b) => new DataView(b.buffer).setUint32(b.length - 4, size, true));
      await expect(claim, `${size}`).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    }
    for (let length = 0; length < zipped.length; length++) {
      const error = await readNifti(zipped.subarray(0, length), "scan.nii.gz").catch((e) => e);
      expect(error, `${length}`).toBeInstanceOf(HaleError);
    }
  });

  test("gzip inside gzip is refused", async () => {
    await expect(readNifti(gzipSync(zipped), "scan.nii.gz")).rejects.toThrow(/compressed twice/);
  });

  test("budgets of bytes and of ratio at limit - 1, limit and limit + 1", async () => {
    const bytes = gzipSync(niftiBytes({ dim: [3, 100, 100, 10], data: new Uint8Array(100000) }));
    const size = 100352;
    const under = (inflate: Partial<typeof INFLATE_LIMITS>) =>
      readNifti(bytes, "scan.nii.gz", undefined, { ...VOLUME_LIMITS, inflate: { ...INFLATE_LIMITS, ...inflate } });
    for (const more of [0, 1]) expect((await under({ bytes: size + more })).stored).toHaveLength(100000);
    await expect(under({ bytes: size - 1 })).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    const ratio = size / bytes.length;
    for (const more of [0, 1]) expect((await under({ freeBytes: 0, ratio: ratio + more })).stored).toHaveLength(100000);
    await expect(under({ freeBytes: 0, ratio: ratio - 1 })).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    for (const more of [0, 1]) expect((await under({ freeBytes: size + more, ratio: 1 })).stored).toHaveLength(100000);
    await expect(under({ freeBytes: size - 1, ratio: 1 })).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  });

  test("a bomb behind a small image is stopped at the budget", async () => {
    const bytes = gzipSync(niftiBytes({ data: new Uint8Array(3_000_000) }));
    const inflate = { ...INFLATE_LIMITS, bytes: 1_000_000 };
    const reading = readNifti(bytes, "scan.nii.gz", undefined, { ...VOLUME_LIMITS, inflate });
    await expect(reading).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  });

  test("a header that asks for more than deflate can hold is refused before anything is allocated", async () => {
    const bytes = gzipSync(niftiBytes({ datatype: 64, dim: [3, 16384, 16384, 1] }));
    const inflate = { ...INFLATE_LIMITS, freeBytes: 2 ** 40, bytes: 2 ** 40 };
    const start = performance.now();
    const reading = readNifti(bytes, "scan.nii.gz", undefined, { ...VOLUME_LIMITS, inflate });
    await expect(reading).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("several gzip members in a row are one file, as bgzip writes them", async () => {
    const whole = niftiBytes();
    const parts = [whole.subarray(0, 200), new Uint8Array(0), whole.subarray(200)].map((part) => gzipSync(part));
    const joined = Uint8Array.from(parts.flatMap((part) => [...part]));
    expect((await readNifti(joined, "scan.nii.gz")).stored[11]).toBe(11);
    joined[parts[0].length - 6] ^= 1;
    await expect(readNifti(joined, "scan.nii.gz")).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
  });

  test("a member header without end, and thousands of empty members, do not hang or overflow", async () => {
    const endless = new Uint8Array(4_000_000).fill(65);
    endless.set([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
    const empty = gzipSync(new Uint8Array(0));
    const many = new Uint8Array(empty.length * 100_000);
    for (let i = 0; i < 100_000; i++) many.set(empty, i * empty.length);
    const start = performance.now();
    for (const bytes of [endless, many]) {
      await expect(readNifti(bytes, "scan.nii.gz")).rejects.toBeInstanceOf(HaleError);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
