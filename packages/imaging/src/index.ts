/** @file Pixels in and out, the same in Node and browsers. Files are left to `@hale/imaging/node`. */

/** @public */
export { setDicomWasm } from "./formats/dicom/codecs.ts";
export { type Contained, dicomFilesIn, filesOfDicomDir, isDicomDir, isZip } from "./formats/dicom/container.ts";
export type { DicomFrame, DicomInstance, PatientIdentity } from "./formats/dicom/instance.ts";
export { type DicomOutline, outlineDicom } from "./formats/dicom/outline.ts";
export { type DicomObject, readDicom } from "./formats/dicom/read.ts";
/** @public */
export { DICOM_LIMITS, type DicomLimits } from "./formats/dicom/refuse.ts";
export { assembleSeries, type DicomSeries, type LeftOut, scansOfObject } from "./formats/dicom/series.ts";
export { isLocalizer } from "./formats/dicom/stacks.ts";
export { isDicom } from "./formats/dicom/start.ts";
/** @public */
/** @public */
export { TRANSFER_SYNTAXES, transferSyntax } from "./formats/dicom/syntaxes.ts";
export type { ImageFile } from "./formats/image-file.ts";
/** @public */
export { oneScan, pictureOf, scanFile } from "./formats/image-file.ts";
/** @public */
export { setJpegWasm } from "./formats/jpeg/wasm-source.ts";
/** @public */
export { type MetaImageFile, readMetaImage } from "./formats/metaimage/read.ts";
export type { NiftiDatatype } from "./formats/nifti/header.ts";
export { type NiftiFile, readNifti } from "./formats/nifti/read.ts";
export { type NiftiVolume, writeNifti } from "./formats/nifti/write.ts";
/** @public */
export { type NrrdFile, readNrrd } from "./formats/nrrd/read.ts";
/** @public */
export { pictureReader } from "./formats/picture-reader.ts";
export { encodePng } from "./formats/png/write.ts";
export { bareName, type Companion, type Reader } from "./formats/reader.ts";
export { boxBlur } from "./raster/blur.ts";
export { colourMap, infernoTable } from "./raster/colormap.ts";
export { localDetail } from "./raster/detail.ts";
export { DETAIL_HASH_BYTES, detailHash, detailHashDistance, mirroredHashes } from "./raster/detail-hash.ts";
export { gridOf, rasterOf, type Tile } from "./raster/grid.ts";
export { HASH_WORDS, hashViews, nearestView, VIEWS, type View, type Window } from "./raster/hash.ts";
/** @public */
export { MAX_INPUT_BYTES, MAX_PIXELS } from "./raster/limits.ts";
export { type OverlayOptions, overlayMap } from "./raster/overlay.ts";
export { type PrepareOptions, prepare } from "./raster/prepare.ts";
export { checkRaster, emptyRaster, type FullScale, type Raster, toGrey, toRgb } from "./raster/raster.ts";
export { resizePlane, resizeWeights } from "./raster/resize.ts";

export { type GuardedReader, type GuardOptions, READ_MEMORY_BYTES, READ_MILLISECONDS } from "./reader/guard/guard.ts";
export type { FileSource } from "./reader/guard/protocol.ts";
export { readerNamed, withoutExtension } from "./reader/names.ts";
export { decodeImage, readImageFile } from "./reader/read.ts";
export { HEAD_BYTES, isPicture, kindOf, READERS, readerOf, titlesOf } from "./reader/registry.ts";
export { type FileSummary, statisticsOf } from "./reader/summary.ts";
export { IDENTITY, type Triple } from "./volumes/affine.ts";
export { formatNormalisation, formatSlices } from "./volumes/input-words.ts";
export { modalityValue } from "./volumes/modality.ts";
export {
  checkNormalisation,
  defaultNormalisation,
  type Normalisation,
  type Normaliser,
  normaliser,
} from "./volumes/normalise.ts";
export { type AxisSource, axisCodes, reorient } from "./volumes/orientation.ts";
export { paddingTest } from "./volumes/padding.ts";
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
  sliceScan,
} from "./volumes/slices.ts";
export { voiValue } from "./volumes/voi.ts";
/** @public */
export { VOLUME_LIMITS, type VolumeLimits } from "./volumes/volume-limits.ts";
