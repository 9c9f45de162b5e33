/** @file The worker's side of a guarded reading: one request in, one answer out, never an error. */

import { type Reader, whenNeeded } from "../../formats/reader.ts";
import { decodeImage, readImageFile } from "../read.ts";
import { READERS } from "../registry.ts";
import { type Sha256, summarise } from "../summary.ts";
import { answerTo, buffersOf, type FileSource, type ReadAnswer, type Readings, type ReadRequest } from "./protocol.ts";

const dicomReader = whenNeeded(() => import("../../formats/dicom/read.ts"));

/** The bytes of a file, and of files beside it by bare name (null where there is none). */
export interface OpenedFile {
  bytes: Uint8Array;
  companion(name: string): Promise<Uint8Array | null>;
}

/** Answers one request, reading files of the given formats. The second of the pair are the buffers to hand over. */
export async function serve(
  request: ReadRequest,
  open: (source: FileSource, name: string) => Promise<OpenedFile>,
  sha256: Sha256,
  formats: readonly Reader[] = READERS,
): Promise<[ReadAnswer, ArrayBuffer[]]> {
  try {
    const { bytes, companion } = await open(request.source, request.name);
    const { name } = request;
    const readings: { [W in keyof Readings]: () => Promise<Readings[W]> } = {
      file: () => readImageFile(bytes, name, companion, formats),
      summary: async () => summarise(await readImageFile(bytes, name, companion, formats), sha256),
      dicom: async () => (await dicomReader()).readDicom(bytes, name),
      picture: () => decodeImage(bytes, name, formats),
    };
    const value = await readings[request.want]();
    return [{ kind: "read", value }, buffersOf(value)];
  } catch (thrown) {
    return [answerTo(thrown), []];
  }
}

/** A file given as bytes. Throws for a path, which only Node can open. */
export async function openGiven(source: FileSource): Promise<OpenedFile> {
  if ("path" in source) throw new TypeError("a page cannot open paths");
  const { bytes, companions = {} } = source;
  return { bytes, companion: async (name) => (Object.hasOwn(companions, name) ? companions[name] : null) };
}
