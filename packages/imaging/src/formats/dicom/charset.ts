/**
 * @file Text of DICOM files, whatever their Specific Character Set says (PS3.3 C.12.1.1.2), so that names survive in
 * the UTF-8 that we write. Single sets are left to the platform's TextDecoder; ISO 2022 escapes (PS3.5 6.1.2.5) switch
 * between them here.
 */

/** Defined terms to the platform's names of encodings. Terms of sets with escapes ("ISO 2022 IR n") share the number. */
const ENCODINGS: Record<string, string> = {
  "6": "windows-1252",
  "13": "shift_jis",
  "58": "gbk",
  "87": "euc-jp",
  "100": "windows-1252",
  "101": "iso-8859-2",
  "109": "iso-8859-3",
  "110": "iso-8859-4",
  "126": "iso-8859-7",
  "127": "iso-8859-6",
  "138": "iso-8859-8",
  "144": "iso-8859-5",
  "148": "windows-1254",
  "149": "euc-kr",
  "159": "euc-jp",
  "166": "windows-874",
  "192": "utf-8",
  "203": "iso-8859-15",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** What follows ESC, and the set it calls: into G0 (bytes below 0x80) or G1. `pairs`: two bytes a character in G0. */
const ESCAPES: readonly { code: string; set: string; half: 0 | 1; pairs?: true }[] = [
  { code: "(B", set: "6", half: 0 },
  { code: "(J", set: "13", half: 0 },
  { code: ")I", set: "13", half: 1 },
  { code: "$B", set: "87", half: 0, pairs: true },
  { code: "$@", set: "87", half: 0, pairs: true },
  { code: "$(D", set: "159", half: 0, pairs: true },
  { code: "$)C", set: "149", half: 1 },
  { code: "$)A", set: "58", half: 1 },
  { code: "-A", set: "100", half: 1 },
  { code: "-B", set: "101", half: 1 },
  { code: "-C", set: "109", half: 1 },
  { code: "-D", set: "110", half: 1 },
  { code: "-F", set: "126", half: 1 },
  { code: "-G", set: "127", half: 1 },
  { code: "-H", set: "138", half: 1 },
  { code: "-L", set: "144", half: 1 },
  { code: "-M", set: "148", half: 1 },
  { code: "-T", set: "166", half: 1 },
  { code: "-b", set: "203", half: 1 },
];

/** Line ends, tab, form feed, and the delimiters of values and of name components, which put the first set back. */
const DELIMITERS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x3d, 0x5c, 0x5e]);

function setOf(term: string): string {
  const name = term.trim().toUpperCase().replaceAll("_", " ");
  return /IR (\d+)$/.exec(name)?.[1] ?? (name === "" ? "6" : name);
}

function decodeSet(bytes: Uint8Array, set: string): string {
  return new TextDecoder(ENCODINGS[set] ?? "windows-1252").decode(bytes);
}

/** Pairs of G0 as EUC-JP, which holds JIS X 0208 with the high bits set, and JIS X 0212 behind 0x8F. */
function decodePairs(bytes: Uint8Array, set: string): string {
  const euc: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (set === "159") euc.push(0x8f);
    euc.push(bytes[i] | 0x80, bytes[i + 1] | 0x80);
  }
  return new TextDecoder("euc-jp").decode(Uint8Array.from(euc));
}

/**
 * Text of `bytes` under the terms of Specific Character Set, of which there may be none. Bytes that mean nothing become
 * U+FFFD; an unknown term reads as Latin-1. Never throws.
 */
export function decodeText(bytes: Uint8Array, terms: readonly string[]): string {
  const first = setOf(terms[0] ?? "");
  if (!bytes.includes(0x1b) || first === "192" || first.startsWith("GB")) return decodeSet(bytes, first);
  let text = "";
  let pairs: string | null = null;
  let high = first;
  let start = 0;
  const flush = (end: number) => {
    if (end > start)
      text += pairs ? decodePairs(bytes.subarray(start, end), pairs) : decodeSet(bytes.subarray(start, end), high);
    start = end;
  };
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x1b) {
      flush(i);
      const found = ESCAPES.find(({ code }) => [...code].every((c, k) => bytes[i + 1 + k] === c.charCodeAt(0)));
      if (found) {
        if (found.half === 0) pairs = found.pairs ? found.set : null;
        else high = found.set;
        i += found.code.length;
      }
      start = i + 1;
    } else if (!pairs && DELIMITERS.has(bytes[i])) {
      flush(i);
      high = first;
    }
  }
  flush(bytes.length);
  return text;
}
