/** @file Looking at the first bytes of files. */

/** Whether `bytes` hold `magic` at `at`. */
export const holds = (bytes: Uint8Array, magic: ArrayLike<number>, at = 0): boolean => {
  for (let i = 0; i < magic.length; i++) if (bytes[at + i] !== magic[i]) return false;
  return true;
};

/** The codes of a text of ASCII characters. */
export const ascii = (text: string): readonly number[] => Array.from(text, (char) => char.charCodeAt(0));
