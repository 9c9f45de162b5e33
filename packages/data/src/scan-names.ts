/**
 * @file Names of scans in a data set: which files are scans by their name, and how one slice of a volume is called:
 * `scans/p07.nii.gz#axial:42`. Kinds are told by content where files are read; names only choose what is looked at.
 */
import { SLICE_AXES, type SliceAxis } from "@hale/imaging";

const PICTURE = /\.(png|jpe?g|tiff?)$/i;
const SCAN = /\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|dcm)$/i;
const SLICE = new RegExp(`^(.+)#(${SLICE_AXES.join("|")}):(\\d{1,6})$`);

export const isPictureName = (path: string) => PICTURE.test(path);
export const isScanName = (path: string) => SCAN.test(path);

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

/** A file's name without what tells its kind: `p07` for `p07.nii.gz`. */
export function stemOf(name: string): string {
  return name.replace(/(\.nii)?\.[^.]+$/i, "");
}
