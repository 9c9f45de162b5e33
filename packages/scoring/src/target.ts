/** @file What is scored: something that opens to a picture or a scan, and the names that it goes by. */
import type { Raster, Scan } from "@hale/imaging";
import type { SourceFrame } from "@hale/imaging/dicom-objects";

/** A scan with, where it is DICOM and was asked for, the frame that each slice of it comes from. */
export interface OpenedScan {
  kind: "scan";
  scan: Scan;
  /** Throws the HaleError of a file that cannot be referred to. */
  frames?: () => SourceFrame[];
  /** Sentences about it for people: why its series makes several scans. */
  notes?: readonly string[];
}

export interface OpenedPicture {
  kind: "picture";
  raster: Raster;
}

export type Opened = OpenedPicture | OpenedScan;

/** One row of the result. */
export interface Target {
  /** As it is called in the row. */
  file: string;
  /** What files about it are named by; different for each target of a call, in any case of letters. */
  name: string;
  /** Reads it, within limits; called once. Throws a HaleError where it cannot be read. */
  open(): Promise<Opened>;
}
