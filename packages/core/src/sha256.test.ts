/** @file SHA-256 against the standard's own example. */
import { expect, test } from "vitest";
import { sha256Hex } from "./sha256.ts";

test("is that of FIPS 180-4's example, also of a part of a larger array", async () => {
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(await sha256Hex(new TextEncoder().encode("abc"))).toBe(expected);
  expect(await sha256Hex(new TextEncoder().encode("xabcx").subarray(1, 4))).toBe(expected);
});
