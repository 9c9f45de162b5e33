/** @file The public face of the phantoms. */
export { LESION_KINDS, type LesionKind } from "./lesion.ts";
export { type Phantom, type PhantomOptions, phantom } from "./phantom.ts";
export {
  DEMO_COUNTS,
  type PhantomCounts,
  type PhantomItem,
  type PhantomSetOptions,
  phantomSet,
} from "./phantom-set.ts";
export { type PhantomVolume, type PhantomVolumeOptions, phantomVolume } from "./phantom-volume.ts";
