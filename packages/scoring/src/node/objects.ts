/** @file What making DICOM objects needs in Node: the library, loaded when it is asked for, a folder, and the key from disk. */
import type { ObjectSettings, SegmentAbove } from "../dicom-objects.ts";
import { folderSink } from "./folder.ts";

export interface ObjectOptions {
  folder: string;
  segmentAbove: SegmentAbove;
  /** Without patient and study, under other UIDs; `keyFile` is hale's own unless given, and is made where it is missing. */
  deidentify?: { keyFile?: string };
}

/** All but the detector, which is not known yet. `note` is given warnings about the key. Throws what `readKey` throws. */
export async function openObjects(
  { folder, segmentAbove, deidentify }: ObjectOptions,
  note: (sentence: string) => void,
): Promise<Omit<ObjectSettings, "detector">> {
  const library = await import("@hale/imaging/dicom-objects");
  const settings = { library, segmentAbove, deidentify: null, sink: folderSink(folder) };
  if (!deidentify) return settings;
  const [{ openPseudonyms }, { defaultKeyFile, readKey }] = await Promise.all([
    import("@hale/data"),
    import("@hale/data/node"),
  ]);
  const file = deidentify.keyFile ?? defaultKeyFile();
  const key = await readKey(file, [folder]);
  for (const warning of key.warnings) note(warning);
  if (key.made) note(`A new key was made: ${file}. Keep it, and keep it to yourself.`);
  const bytes = new Uint8Array(key.bytes);
  return { ...settings, deidentify: { key: bytes, pseudonyms: await openPseudonyms(bytes) } };
}
