/** @file Pixels in and out, the same in Node and browsers. Files are left to `@hale/imaging/node`. */

export { setDicomWasm } from "./formats/dicom/codecs.ts";
export { type Contained, dicomFilesIn, filesOfDicomDir, isDicomDir, isZip } from "./formats/dicom/container.ts";
export type { DicomFrame, DicomInstance, PatientIdentity } from "./formats/dicom/instance.ts";
export { type DicomOutline, outlineDicom } from "./formats/dicom/outline.ts";
export { type DicomObject, readDicom } from "./formats/dicom/read.ts";
export { DICOM_LIMITS, type DicomLimits } from "./formats/dicom/refuse.ts";
export { assembleSeries, type DicomSeries, type LeftOut } from "./formats/dicom/series.ts";
export { isDicom } from "./formats/dicom/start.ts";
export { TRANSFER_SYNTAXES, transferSyntax } from "./formats/dicom/syntaxes.ts";
export type { ImageFile } from "./formats/image-file.ts";
export { oneScan, pictureOf, scanFile } from "./formats/image-file.ts";
export { setJpegWasm } from "./formats/jpeg/wasm-source.ts";
export { type MetaImageFile, readMetaImage } from "./formats/metaimage/read.ts";
export type { NiftiDatatype } from "./formats/nifti/header.ts";
export { type NiftiFile, readNifti } from "./formats/nifti/read.ts";
export { type NiftiVolume, writeNifti } from "./formats/nifti/write.ts";
export { type NrrdFile, readNrrd } from "./formats/nrrd/read.ts";
export { pictureReader } from "./formats/picture-reader.ts";
export { encodePng } from "./formats/png/write.ts";
export type { Companion, Reader } from "./formats/reader.ts";
export { boxBlur } from "./raster/blur.ts";
export { checkMaximum, colourMap, infernoTable } from "./raster/colormap.ts";
export { localDetail } from "./raster/detail.ts";
export { gridOf, rasterOf, type Tile } from "./raster/grid.ts";
export {
  HASH_BITS,
  HASH_PLANE,
  HASH_WORDS,
  hammingDistance,
  hashViews,
  nearestView,
  VIEWS,
  type View,
  WHOLE,
  type Window,
} from "./raster/hash.ts";
export { MAX_INPUT_BYTES, MAX_PIXELS } from "./raster/limits.ts";
export { legendBar, type OverlayOptions, overlayMap } from "./raster/overlay.ts";
export { type PrepareOptions, prepare } from "./raster/prepare.ts";
export { checkRaster, emptyRaster, type FullScale, type Raster, toGrey, toRgb } from "./raster/raster.ts";
export { resizePlane, resizeWeights } from "./raster/resize.ts";

export { type GuardedReader, type GuardOptions, READ_MEMORY_BYTES, READ_MILLISECONDS } from "./reader/guard/guard.ts";
export type { FileSource } from "./reader/guard/protocol.ts";
export { readerNamed, withoutExtension } from "./reader/names.ts";
export { decodeImage, readImageFile } from "./reader/read.ts";
export { HEAD_BYTES, isPicture, kindOf, READERS, readerOf, titlesOf } from "./reader/registry.ts";
export { type FileSummary, statisticsOf, summarise } from "./reader/summary.ts";
export {
  apply,
  determinant,
  IDENTITY,
  invert,
  isOrthogonal,
  isUsable,
  multiply,
  swapRasLps,
  type Triple,
  voxelSizes,
} from "./volumes/affine.ts";
export { formatNormalisation, formatSlices } from "./volumes/input-words.ts";
export { applyModality, modalityValue } from "./volumes/modality.ts";
export {
  checkNormalisation,
  defaultNormalisation,
  type Normalisation,
  type Normaliser,
  normaliser,
  ROBUST,
} from "./volumes/normalise.ts";
export { type AxisSource, axisCodes, axisSources, reorient } from "./volumes/orientation.ts";
export type { DataFile } from "./volumes/plain-text.ts";
export { SLICE_AXES, type SliceAxis, type SlicePlane, type Stack, stackOf } from "./volumes/planes.ts";
export type { Affine, ModalityTransform, Samples, Scan, VoiTransform } from "./volumes/scan.ts";
export {
  type Frame,
  partOf,
  putBack,
  type ScanInput,
  type SlicedScan,
  type SliceSelection,
  selectSlices,
  sliceScan,
} from "./volumes/slices.ts";
export { applyVoi, voiValue } from "./volumes/voi.ts";
export { VOLUME_LIMITS, type VolumeLimits } from "./volumes/volume-limits.ts";
