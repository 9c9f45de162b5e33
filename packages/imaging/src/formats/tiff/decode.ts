/**
 * @file TIFF pixels (first page) to a raster, by the `tiff` package, after tiff-layout.ts has checked the directory.
 * WhiteIsZero is inverted, palettes are looked up, alpha is composited over black as for PNG, and
 * what is stored lying or mirrored is turned upright.
 */
import { decode } from "tiff";
import { corrupt, refuseRawErrors } from "../../raster/limits.ts";
import { emptyRaster, type Raster } from "../../raster/raster.ts";
import { upright } from "../../raster/turn.ts";
import { classicTiff } from "./classic.ts";
import { readLayout, type TiffLayout } from "./layout.ts";

/** Decodes a TIFF; throws IMAGE_CORRUPT, IMAGE_UNSUPPORTED or IMAGE_TOO_LARGE naming `name`. */
export function decodeTiff(bytes: Uint8Array, name: string): Raster {
  return refuseRawErrors(name, () => {
    const classic = classicTiff(bytes, name);
    return upright(decodePage(classic.bytes, readLayout(classic.bytes, name), name), classic.orientation);
  });
}

function decodePage(bytes: Uint8Array, layout: TiffLayout, name: string): Raster {
  // The package reads through the underlying buffer, so a view of a larger one gets a buffer of its own.
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  const [page] = decode(own, { pages: [0] });
  const { width, height, samples } = layout;
  if (page.data.length !== width * height * samples) throw corrupt(name, "its TIFF pixel data are incomplete");
  if (layout.photometric === 3) return fromPalette(page.data, width, height, page.palette ?? [], name);
  const raster = emptyRaster(width, height, samples > 2 ? 3 : 1, layout.bits === 16 ? 65535 : 255);
  const { channels, maxValue, data } = raster;
  const stretch = layout.bits === 1 ? 255 : 1;
  const extra = samples - channels;
  for (let i = 0, at = 0; i < data.length; i += channels, at += samples) {
    const alpha = extra > 0 && page.alpha ? page.data[at + channels] / maxValue : 1;
    for (let c = 0; c < channels; c++) data[i + c] = Math.round(page.data[at + c] * stretch * alpha);
  }
  return raster;
}

/** TIFF palettes are 16-bit (ColorMap, tag 320); their high bytes are the 8-bit colours. */
function fromPalette(
  indices: ArrayLike<number>,
  width: number,
  height: number,
  palette: [number, number, number][],
  name: string,
): Raster {
  const grey = palette.every(([r, g, b]) => r >> 8 === g >> 8 && r >> 8 === b >> 8);
  const raster = emptyRaster(width, height, grey ? 1 : 3);
  for (let i = 0; i < indices.length; i++) {
    const colour = palette[indices[i]];
    if (!colour) throw corrupt(name, "a pixel points beyond its palette");
    for (let c = 0; c < raster.channels; c++) raster.data[i * raster.channels + c] = colour[c] >> 8;
  }
  return raster;
}
