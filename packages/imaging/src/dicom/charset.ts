/** @file Text in the character sets of DICOM (PS3.3, C.12.1.1.2), by the decoders that Node and browsers share. */
import type { DataSet } from "./dataset.ts";

/** Labels of the Encoding Standard for defined terms of Specific Character Set. */
const LABELS: Record<string, string> = {
  "ISO_IR 100": "iso-8859-1",
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 148": "iso-8859-9",
  "ISO_IR 203": "iso-8859-15",
  "ISO_IR 13": "shift_jis",
  "ISO_IR 166": "windows-874",
  "ISO_IR 192": "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
};

/** Text of an element without padding, at most 1024 bytes; null where it is missing or empty. */
export function decodeText(data: DataSet, tag: number): string | null {
  const bytes = data.bytes(tag)?.subarray(0, 1024);
  if (!bytes?.length) return null;
  const sets = data.strings(0x00080005);
  let label = LABELS[(sets[0] ?? "").replace("ISO 2022 IR", "ISO_IR")] ?? "iso-8859-1";
  let plain = bytes;
  if (sets.some((set) => /IR (87|159)$/.test(set))) label = "iso-2022-jp";
  else if (sets.some((set) => /IR (149|58)$/.test(set))) {
    // Korean and simplified Chinese with escapes: the codes are those of EUC, behind escapes of three or four bytes.
    label = sets.some((set) => set.endsWith("149")) ? "euc-kr" : "gbk";
    plain = Uint8Array.from(withoutEscapes(bytes));
  }
  const text = new TextDecoder(label).decode(plain).replaceAll("\0", " ").trim();
  return text === "" ? null : text;
}

function withoutEscapes(bytes: Uint8Array): number[] {
  const kept: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0x1b) kept.push(bytes[i]);
    else i += bytes[i + 1] === 0x24 ? 3 : 2;
  }
  return kept;
}
