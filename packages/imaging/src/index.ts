/** @file Pixels in and out, the same in Node and browsers. Files are left to `@hale/imaging/node`. */

export { setDicomWasm } from "./dicom/codecs.ts";
export { type Contained, dicomFilesIn, filesOfDicomDir, isDicomDir, isZip } from "./dicom/container.ts";
export { isDicom } from "./dicom/file.ts";
export type { DicomFrame, DicomInstance, PatientIdentity } from "./dicom/instance.ts";
export { type DicomOutline, outlineDicom } from "./dicom/outline.ts";
export { type DicomObject, readDicom } from "./dicom/read.ts";
export { DICOM_LIMITS, type DicomLimits } from "./dicom/refuse.ts";
export { assembleSeries, type DicomSeries, type LeftOut } from "./dicom/series.ts";
export { TRANSFER_SYNTAXES, transferSyntax } from "./dicom/syntaxes.ts";
export { boxBlur } from "./raster/blur.ts";
export { checkMaximum, colourMap, infernoTable } from "./raster/colormap.ts";
export { decodeImage, PICTURE_HEAD, pictureKind } from "./raster/decode.ts";
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
export { setJpegWasm } from "./raster/jpeg-decode.ts";
export { MAX_INPUT_BYTES, MAX_PIXELS } from "./raster/limits.ts";
export { legendBar, type OverlayOptions, overlayMap } from "./raster/overlay.ts";
export { encodePng } from "./raster/png.ts";
export { type PrepareOptions, prepare } from "./raster/prepare.ts";
export { checkRaster, emptyRaster, type FullScale, type Raster, toGrey, toRgb } from "./raster/raster.ts";
export { resizePlane, resizeWeights } from "./raster/resize.ts";
export { oneScan, pictureOf } from "./reader/content.ts";
export { type GuardedReader, type GuardOptions, READ_MEMORY_BYTES, READ_MILLISECONDS } from "./reader/guard/guard.ts";
export type { FileSource } from "./reader/guard/protocol.ts";
export { type FileKind, kindOf } from "./reader/kind.ts";
export { type Companion, type ImageFile, readImageFile } from "./reader/read.ts";
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
export { looksLikeMetaImage, type MetaImageFile, readMetaImage } from "./volumes/metaimage/read.ts";
export { applyModality, modalityValue } from "./volumes/modality.ts";
export { looksLikeNifti, type NiftiDatatype } from "./volumes/nifti/header.ts";
export { type NiftiFile, readNifti } from "./volumes/nifti/read.ts";
export { type NiftiVolume, writeNifti } from "./volumes/nifti/write.ts";
export {
  checkNormalisation,
  defaultNormalisation,
  type Normalisation,
  type Normaliser,
  normaliser,
  ROBUST,
} from "./volumes/normalise.ts";
export { looksLikeNrrd } from "./volumes/nrrd/header.ts";
export { type NrrdFile, readNrrd } from "./volumes/nrrd/read.ts";
export { type AxisSource, axisCodes, axisSources, reorient } from "./volumes/orientation.ts";
export type { DataFile } from "./volumes/plain-text.ts";
export { SLICE_AXES, type SliceAxis, type SlicePlane, type Stack, stackOf } from "./volumes/planes.ts";
export type { Affine, ModalityTransform, Samples, Scan, ScanFormat, VoiTransform } from "./volumes/scan.ts";
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
