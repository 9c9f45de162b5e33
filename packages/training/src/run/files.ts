/**
 * @file Where a run is kept: a folder's worth of files, by name. Node has a folder on disk (`node/folder-files.ts`), a page one
 * of its origin's private file system, or memory alone (`web/`).
 */
export interface RunFiles {
  /** What messages call it: a path, or the name of a run. */
  readonly name: string;
  /** A folder inside. It need not be there. */
  within(folder: string): RunFiles;
  /** Names of the files in it, in any order; none where it is missing. Throws FILE_UNREADABLE. */
  list(): Promise<string[]>;
  /** Null where there is no such file. Throws FILE_UNREADABLE. */
  read(file: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Wholly or not at all, at any moment. Throws DISK_FULL or FILE_UNWRITABLE. */
  write(file: string, content: Uint8Array | string): Promise<void>;
  /** Throws DISK_FULL or FILE_UNWRITABLE. */
  append(file: string, text: string): Promise<void>;
  /** Nothing where there is no such file. */
  remove(file: string): Promise<void>;
}

/** How messages name a file of a run. */
export const pathIn = (files: RunFiles, file: string) => `${files.name}/${file}`;

/** A file as text; null where there is none. Throws FILE_UNREADABLE. */
export async function readText(files: RunFiles, file: string): Promise<string | null> {
  const bytes = await files.read(file);
  return bytes && new TextDecoder().decode(bytes);
}
