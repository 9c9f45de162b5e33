/** @file SHA-256 by Web Crypto, which Node and browsers both have. */
import { HaleError } from "./error.ts";

/** Of bytes, in hexadecimal. Throws DEVICE_UNAVAILABLE on pages that were not served securely. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new HaleError(
      "DEVICE_UNAVAILABLE",
      "This page cannot compute SHA-256, because it was not served securely.",
      "Open it through https or localhost.",
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
