/** @file Pixels in and out, the same in Node and browsers. Files are left to `@hale/imaging/node`. */
export { checkMaximum, colourMap, infernoTable } from "./colormap.ts";
export { decodeImage, isImage } from "./decode.ts";
export { gridOf, rasterOf, type Tile } from "./grid.ts";
export { setJpegWasm } from "./jpeg-decode.ts";
export { MAX_INPUT_BYTES, MAX_PIXELS } from "./limits.ts";
export { legendBar, type OverlayOptions, overlayMap } from "./overlay.ts";
export { encodePng } from "./png.ts";
export { type PrepareOptions, prepare } from "./prepare.ts";
export { checkRaster, emptyRaster, type Raster, toGrey, toRgb } from "./raster.ts";
export { resizePlane, resizeWeights } from "./resize.ts";
