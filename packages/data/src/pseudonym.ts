/**
 * @file Names that tell nobody's name: HMAC-SHA-256 (RFC 2104) of what identifies a patient, study or scan, under a key
 * that stays with whoever imports. Who has the key can work a pseudonym out again; who has only the data set cannot,
 * not even by trying all numbers that a hospital may have given.
 */
import { HaleError } from "@hale/core";

/** Fewest bytes of a key: the length of the hash, as RFC 2104 (section 3) advises. */
export const KEY_BYTES = 32;
/** Hexadecimal digits of a pseudonym (64 bits): of a million patients, two meet with a probability of 3 in 10^8. */
const DIGITS = 16;

export type PseudonymKind = "patient" | "study" | "series" | "scan" | "source" | "key";

/** What one key makes of identifiers. Remembers what it gave, so that no two things share a name. */
export interface Pseudonyms {
  /**
   * Sixteen hexadecimal digits for what `parts` identify, the same for the same key, kind and parts. Throws
   * DATASET_INVALID should two different things get the same digits.
   */
  of(kind: PseudonymKind, ...parts: string[]): Promise<string>;
}

/**
 * HMAC-SHA-256 of a message, in hexadecimal, by Web Crypto. Throws DEVICE_UNAVAILABLE on pages that were not served
 * securely.
 */
export async function hmacSha256Hex(key: Uint8Array, message: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.sign("HMAC", await importKey(key), message as Uint8Array<ArrayBuffer>));
}

/** Opens a key of at least 32 bytes. Throws OPTION_INVALID for a shorter one, DEVICE_UNAVAILABLE as above. */
export async function openPseudonyms(key: Uint8Array): Promise<Pseudonyms> {
  if (key.length < KEY_BYTES) {
    throw new HaleError(
      "OPTION_INVALID",
      `The key for pseudonyms has ${key.length} bytes, and ${KEY_BYTES} are needed.`,
      "Give another file, or a new name: hale then makes a key.",
    );
  }
  const opened = await importKey(key);
  return pseudonymsBy(async (message) =>
    hex(await crypto.subtle.sign("HMAC", opened, message as Uint8Array<ArrayBuffer>)),
  );
}

/** Pseudonyms by any function from a message to hexadecimal digits; apart from `openPseudonyms` for tests of collisions. */
export function pseudonymsBy(digest: (message: Uint8Array) => Promise<string>): Pseudonyms {
  const given = new Map<string, string>();
  return {
    async of(kind, ...parts) {
      // JSON keeps ["a", "bc"] and ["ab", "c"] apart. Equal texts may be encoded differently: NFC makes them one.
      const message = JSON.stringify([kind, ...parts.map((part) => part.normalize("NFC").trim())]);
      const name = (await digest(new TextEncoder().encode(message))).slice(0, DIGITS);
      const owner = `${kind} ${name}`;
      if ((given.get(owner) ?? message) !== message) {
        throw new HaleError(
          "DATASET_INVALID",
          `The key gives two different ${kind === "series" ? "series" : `${kind}s`} the pseudonym ${name}.`,
          "Import with another key.",
        );
      }
      given.set(owner, message);
      return name;
    },
  };
}

async function importKey(key: Uint8Array): Promise<CryptoKey> {
  if (!globalThis.crypto?.subtle) {
    throw new HaleError(
      "DEVICE_UNAVAILABLE",
      "This page cannot make pseudonyms, because it was not served securely.",
      "Open it through https or localhost.",
    );
  }
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, algorithm, false, ["sign"]);
}

const hex = (digest: ArrayBuffer) =>
  Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
