/**
 * @file Names of scans in a data set: which files are pictures and which scans by their name, and how one slice of a volume
 * is called: `scans/p07.nii.gz#axial:42`. Formats are told by content where files are read; names only choose what is looked at.
 */
import { readerNamed, SLICE_AXES, type SliceAxis, withoutExtension } from "@hale/imaging";

const SLICE = new RegExp(`^(.+)#(${SLICE_AXES.join("|")}):(\\d{1,6})$`);

/** Whether a file is called like a plain picture. */
export const isPictureName = (path: string) => readerNamed(path)?.decode !== undefined;

/** Whether a file is called like an image of a format that may hold more than a picture. */
export function isScanName(path: string): boolean {
  const reader = readerNamed(path);
  return reader !== null && !reader.decode;
}

/** One slice of a volume. */
export interface SliceName {
  /** Path of the volume. */
  scan: string;
  axis: SliceAxis;
  index: number;
}

/** The path of a slice. */
export function slicePath({ scan, axis, index }: SliceName): string {
  return `${scan}#${axis}:${index}`;
}

/** The slice that a path names; null where it names a whole file. */
export function parseSlicePath(path: string): SliceName | null {
  const found = SLICE.exec(path);
  return found && { scan: found[1], axis: found[2] as SliceAxis, index: Number(found[3]) };
}

/** The part of a path that names a file. */
export const filePartOf = (path: string) => parseSlicePath(path)?.scan ?? path;

/** A file's name without its extension, whatever it is: `p07` for `p07.nii.gz`. */
export function stemOf(name: string): string {
  const stem = withoutExtension(name);
  return stem === name ? name.replace(/\.[^.]+$/, "") : stem;
}
