/**
 * @file Where the voxels of a NIfTI lie (nifti1.h, "3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE"): sform before
 * qform, as nibabel chooses; and an affine as a quaternion, for writing. NIfTI's axes go to Right, Anterior, Superior.
 */
import { corrupt } from "../../raster/limits.ts";
import { isUsable, scaleLengths, swapRasLps, unitColumns, voxelSizes } from "../../volumes/affine.ts";
import type { Affine, Scan } from "../../volumes/scan.ts";
import type { NiftiHeader } from "./header.ts";

export interface NiftiGeometry {
  /** As the header has it, in its own units (nearly always mm) and axes; null where neither code is set. */
  affineRas: Affine | null;
  /** The same in millimetres and DICOM's axes. */
  affine: Affine | null;
  spacing: Scan["spacing"];
}

/** Millimetres of the header's unit; unknown units are taken for millimetres, as everyone does. */
const MILLIMETRES: Record<number, number> = { 1: 1000, 3: 0.001 };

/**
 * sform where its code is not 0, else qform, else null: the two do not have to agree, and without either nobody knows
 * which side is left (nibabel then guesses a mirrored x; hale does not guess). Throws IMAGE_CORRUPT when the chosen one
 * is not finite, loses an axis, or has no rotation in its quaternion.
 */
export function geometryOf(header: NiftiHeader, name: string): NiftiGeometry {
  const unit = MILLIMETRES[header.units & 7] ?? 1;
  const affineRas = header.sformCode !== 0 ? sformOf(header) : header.qformCode !== 0 ? qformOf(header, name) : null;
  if (!affineRas) {
    const sizes = header.pixdim.slice(1, 4).map((size, i) => {
      const millimetres = Math.abs(size) * unit;
      const known = header.shape.length > i && Number.isFinite(millimetres) && millimetres > 0;
      return known ? millimetres : null;
    });
    return { affineRas, affine: null, spacing: [sizes[0], sizes[1], sizes[2]] };
  }
  const affine = swapRasLps(scaleLengths(affineRas, unit));
  // In millimetres, since what is hardly above 0 in a smaller unit is 0 then.
  if (!isUsable(affine)) {
    const which = header.sformCode !== 0 ? "sform" : "qform";
    throw corrupt(name, `its ${which} does not say where the voxels lie`);
  }
  return { affineRas, affine, spacing: voxelSizes(affine) };
}

function sformOf(header: NiftiHeader): number[] {
  return [...header.srows, 0, 0, 0, 1];
}

/**
 * METHOD 2 of nifti1.h. As in nibabel: b, c, d whose squares sum to more than 1 (beyond three float steps) are refused;
 * pixdim 0 becomes 1, below 0 its absolute value; pixdim[0] (qfac) counts as 1 unless it is -1.
 */
export function qformOf(
  header: Pick<NiftiHeader, "version" | "quaternion" | "pixdim" | "qoffset">,
  name: string,
): number[] {
  const [b, c, d] = header.quaternion;
  const rest = 1 - (b * b + c * c + d * d);
  const threshold = 3 * (header.version === 1 ? 2 ** -23 : 2 ** -52);
  if (!(rest > -threshold)) throw corrupt(name, "the quaternion of its qform is no rotation");
  const a = Math.abs(rest) < threshold ? 0 : Math.sqrt(rest);
  const [sx, sy, sz] = header.pixdim.slice(1, 4).map((size) => (size === 0 ? 1 : Math.abs(size)));
  const rotation = rotationOf(a, b, c, d);
  const scales = [sx, sy, header.pixdim[0] === -1 ? -sz : sz];
  const row = (r: number) => [...rotation.slice(3 * r, 3 * r + 3).map((v, i) => v * scales[i]), header.qoffset[r]];
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
}

/** The 3 × 3 rotation of a quaternion, normalised. */
function rotationOf(a: number, b: number, c: number, d: number): number[] {
  const s = 2 / (a * a + b * b + c * c + d * d);
  return [
    1 - s * (c * c + d * d),
    s * (b * c - a * d),
    s * (b * d + a * c),
    s * (b * c + a * d),
    1 - s * (b * b + d * d),
    s * (c * d - a * b),
    s * (b * d - a * c),
    s * (c * d + a * b),
    1 - s * (b * b + c * c),
  ];
}

/**
 * The quaternion (b, c, d with a ≥ 0) and qfac of an orthogonal affine; the third axis is turned round where the axes are
 * left-handed, as nifti1.h asks. The largest of a, b, c, d is found first, so that nothing is divided by almost 0.
 */
export function quaternionOf(affine: Affine, leftHanded: boolean): { b: number; c: number; d: number; qfac: 1 | -1 } {
  const u = unitColumns(affine);
  const sign = leftHanded ? -1 : 1;
  const [xx, xy, xz] = [u[0], u[1], u[2] * sign];
  const [yx, yy, yz] = [u[4], u[5], u[6] * sign];
  const [zx, zy, zz] = [u[8], u[9], u[10] * sign];
  // Each row is the quaternion times four of its own largest part.
  const rows = [
    [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
    [zy - yz, 1 + xx - yy - zz, xy + yx, xz + zx],
    [xz - zx, xy + yx, 1 - xx + yy - zz, yz + zy],
    [yx - xy, xz + zx, yz + zy, 1 - xx - yy + zz],
  ];
  let best = 0;
  for (let i = 1; i < 4; i++) if (rows[i][i] > rows[best][best]) best = i;
  const length = Math.hypot(...rows[best]) * (rows[best][0] < 0 ? -1 : 1);
  const [, b, c, d] = rows[best].map((value) => value / length);
  return { b, c, d, qfac: leftHanded ? -1 : 1 };
}
