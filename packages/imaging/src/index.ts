/** @file Pixels in and out, the same in Node and browsers. Files are left to `@hale/imaging/node`. */

export { boxBlur } from "./blur.ts";
export { checkMaximum, colourMap, infernoTable } from "./colormap.ts";
export { decodeImage, PICTURE_HEAD, pictureKind } from "./decode.ts";
export { localDetail } from "./detail.ts";
export { setDicomWasm } from "./dicom/codecs.ts";
export { type Contained, dicomFilesIn, filesOfDicomDir, isDicomDir, isZip } from "./dicom/container.ts";
export { isDicom } from "./dicom/file.ts";
export type { DicomFrame, DicomInstance, PatientIdentity } from "./dicom/instance.ts";
export { type DicomOutline, outlineDicom } from "./dicom/outline.ts";
export { type DicomObject, readDicom } from "./dicom/read.ts";
export { DICOM_LIMITS, type DicomLimits } from "./dicom/refuse.ts";
export { assembleSeries, type DicomSeries, type LeftOut } from "./dicom/series.ts";
export { TRANSFER_SYNTAXES, transferSyntax } from "./dicom/syntaxes.ts";
export { gridOf, rasterOf, type Tile } from "./grid.ts";
export { type GuardedReader, type GuardOptions, READ_MEMORY_BYTES, READ_MILLISECONDS } from "./guard/guard.ts";
export type { FileSource } from "./guard/protocol.ts";
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
} from "./hash.ts";
export { setJpegWasm } from "./jpeg-decode.ts";
export { type FileKind, kindOf } from "./kind.ts";
export { MAX_INPUT_BYTES, MAX_PIXELS } from "./limits.ts";
export { looksLikeMetaImage, type MetaImageFile, readMetaImage } from "./metaimage/read.ts";
export { looksLikeNifti, type NiftiDatatype } from "./nifti/header.ts";
export { type NiftiFile, readNifti } from "./nifti/read.ts";
export { type NiftiVolume, writeNifti } from "./nifti/write.ts";
export { looksLikeNrrd } from "./nrrd/header.ts";
export { type NrrdFile, readNrrd } from "./nrrd/read.ts";
export { legendBar, type OverlayOptions, overlayMap } from "./overlay.ts";
export { encodePng } from "./png.ts";
export { type PrepareOptions, prepare } from "./prepare.ts";
export { checkRaster, emptyRaster, type FullScale, type Raster, toGrey, toRgb } from "./raster.ts";
export { type Companion, type ImageFile, readImageFile } from "./read.ts";
export { resizePlane, resizeWeights } from "./resize.ts";
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
} from "./scan/affine.ts";
export { applyModality, modalityValue } from "./scan/modality.ts";
export {
  checkNormalisation,
  defaultNormalisation,
  type Normalisation,
  type Normaliser,
  normaliser,
  ROBUST,
} from "./scan/normalise.ts";
export { type AxisSource, axisCodes, axisSources, reorient } from "./scan/orientation.ts";
export type { DataFile } from "./scan/plain-text.ts";
export { SLICE_AXES, type SliceAxis, type SlicePlane, type Stack, stackOf } from "./scan/planes.ts";
export type { Affine, ModalityTransform, Samples, Scan, ScanFormat, VoiTransform } from "./scan/scan.ts";
export {
  type Frame,
  partOf,
  putBack,
  type ScanInput,
  type SlicedScan,
  type SliceSelection,
  selectSlices,
  sliceScan,
} from "./scan/slices.ts";
export { applyVoi, voiValue } from "./scan/voi.ts";
export { VOLUME_LIMITS, type VolumeLimits } from "./scan/volume-limits.ts";
export { type FileSummary, statisticsOf, summarise } from "./summary.ts";
export {
  PROXIES,
  type ProxyKind,
  type ProxyOptions,
  proxyImage,
  superpixelImage,
  superpixelMeans,
} from "./superpixels/proxy.ts";
export type { ImageShape, Superpixels } from "./superpixels/shape.ts";
export { type SlicOptions, slic } from "./superpixels/slic.ts";
