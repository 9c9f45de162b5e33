/** @file Pseudonyms: the RFC's own vectors, and what must never meet. */
import { expect, test } from "vitest";
import { hmacSha256Hex, openPseudonyms, pseudonymsBy } from "./pseudonym.ts";

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const text = (content: string) => new TextEncoder().encode(content);

// RFC 4231, sections 4.2 to 4.8; the fifth is cut to 128 bits there.
test.each([
  ["0b".repeat(20), text("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
  [
    "4a656665",
    text("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  ["aa".repeat(20), bytes("dd".repeat(50)), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"],
  [
    "0102030405060708090a0b0c0d0e0f10111213141516171819",
    bytes("cd".repeat(50)),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  ["0c".repeat(20), text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
  [
    "aa".repeat(131),
    text("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    "aa".repeat(131),
    text(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ],
])("HMAC under the key %s is that of RFC 4231", async (key, message, expected) => {
  expect((await hmacSha256Hex(bytes(key), message)).slice(0, expected.length)).toBe(expected);
});

const key = new Uint8Array(32).fill(7);

test("the same key gives the same names in a later import, another key others", async () => {
  const first = await openPseudonyms(key);
  const again = await openPseudonyms(key.slice());
  const other = await openPseudonyms(new Uint8Array(32).fill(8));
  const name = await first.of("patient", "hospital", "4711");
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(await again.of("patient", "hospital", "4711")).toBe(name);
  expect(await other.of("patient", "hospital", "4711")).not.toBe(name);
});

test("a name is the HMAC of a JSON list, so that others can work it out", async () => {
  const pseudonyms = await openPseudonyms(key);
  const whole = await hmacSha256Hex(key, text('["patient","hospital","4711"]'));
  expect(await pseudonyms.of("patient", "hospital", "4711")).toBe(whole.slice(0, 16));
});

test("kind, issuer and number are kept apart; padding and Unicode form are not", async () => {
  const pseudonyms = await openPseudonyms(key);
  const names = await Promise.all([
    pseudonyms.of("patient", "a", "bc"),
    pseudonyms.of("patient", "ab", "c"),
    pseudonyms.of("patient", "", "abc"),
    pseudonyms.of("study", "a", "bc"),
    pseudonyms.of("patient", "A", "bc"),
  ]);
  expect(new Set(names).size).toBe(names.length);
  expect(await pseudonyms.of("patient", "a", "bc ")).toBe(names[0]);
  expect(await pseudonyms.of("patient", "", "Jose\u0301")).toBe(await pseudonyms.of("patient", "", "Jos\u00e9"));
});

test("ten thousand patients have ten thousand names", async () => {
  const pseudonyms = await openPseudonyms(key);
  const names = await Promise.all(Array.from({ length: 10_000 }, (_, i) => pseudonyms.of("patient", "", String(i))));
  expect(new Set(names).size).toBe(10_000);
});

test("two patients with the same digits are refused, and neither is named", async () => {
  const meeting = pseudonymsBy(async () => "0123456789abcdef00");
  await meeting.of("patient", "", "Doe1");
  await meeting.of("patient", "", "Doe1");
  await meeting.of("study", "", "Doe1");
  const refusal = meeting.of("patient", "", "Roe2");
  await expect(refusal).rejects.toMatchObject({ code: "DATASET_INVALID" });
  await expect(refusal).rejects.not.toMatchObject({ message: expect.stringMatching(/Doe|Roe/) });
});

test("a key of 31 bytes is refused", async () => {
  await expect(openPseudonyms(new Uint8Array(31))).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await openPseudonyms(new Uint8Array(32));
});
