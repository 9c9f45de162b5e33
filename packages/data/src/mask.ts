/** @file What is lesion in a mask: any value above zero. Negative ones mark what was not looked at, as a rule, and are not lesion. */
import { modalityValue, type Raster, type Scan } from "@hale/imaging";

/** Values of masks are whole numbers that rescaling may have moved by a little. */
const LEAST = 1e-6;

const isLesion = (value: number) => value > LEAST;

/** Tells whether voxel i of a scan that is a mask (in stored order) is lesion: in any channel, after rescale. */
export function lesionOf({ stored, channels, modality, size }: Scan): (voxel: number) => boolean {
  const area = size[0] * size[1];
  return (voxel) => {
    const transform = modality[modality.length > 1 ? Math.floor(voxel / area) : 0];
    for (let c = 0; c < channels; c++)
      if (isLesion(modalityValue(transform, stored[voxel * channels + c]))) return true;
    return false;
  };
}

/** 1 where a picture that is a mask is lesion, in any channel: row-major, width × height. */
export function lesionPixels({ width, height, channels, data }: Raster): Uint8Array {
  const marked = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) if (isLesion(data[i])) marked[Math.floor(i / channels)] = 1;
  return marked;
}
