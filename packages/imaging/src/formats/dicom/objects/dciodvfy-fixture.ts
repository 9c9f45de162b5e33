/** @file What Debian's `dciodvfy` says of our objects that is no fault; docs/clinical.md tells why. */

/** Warnings about our own coding scheme, a term younger than the tool, and what the source lacks. */
export const DICOM_OBJECTS_KNOWN_WARNINGS: readonly RegExp[] = [
  /Unrecognized defined term = <99HALE>/,
  /(ImageType|FrameType).*Unrecognized defined term = <QUANTITY>/,
  /would be needed to build DICOMDIR/,
  /Retired Person Name form/,
  /Laterality.*only permitted to be empty when actually unknown/,
];
