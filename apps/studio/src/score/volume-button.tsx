/** @file The way to a volume in three planes and in space. */
import type { TableRow } from "../session.ts";

export function VolumeButton(_: { entry: TableRow; isVolume: boolean }) {
  return null;
}
