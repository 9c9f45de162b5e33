/** @file What every other package may need: the typed error, random numbers, hashes, the version. */
export { joined, joinedBytes } from "./concatenate.ts";
export {
  concernsOneImage,
  type ErrorCode,
  HaleError,
  type HaleErrorOptions,
  isNotAllowed,
  isRefusalOfBytes,
  isUnreadableImage,
} from "./error.ts";
export { escapeHtml, html, Markup, type Part } from "./markup.ts";
export { count, duration, fixed, percent, percentRange, significant } from "./numbers.ts";
export { PAGE_COLOURS } from "./page-colours.ts";
export { printable, printableJson } from "./printable.ts";
export { Random, type RandomState } from "./random.ts";
export { sha256Hex } from "./sha256.ts";
export { VERSION } from "./version.ts";
export { encodeField, packedNumbers, type WireField, wireFields } from "./wire.ts";
