/** @file One scan to its row: examined, its files and DICOM objects made and kept. */
import { type Aggregation, type Detector, examineScan } from "@hale/detector";
import type { ScanInput } from "@hale/imaging";
import { type ObjectSettings, writeObjects } from "./dicom-objects.ts";
import { type Sink, scanFiles } from "./outputs.ts";
import { type Row, scanRow } from "./row.ts";
import type { OpenedScan, Target } from "./target.ts";

export interface ScanSettings {
  /** Instead of what the card says; undefined for the card's own. */
  input?: ScanInput;
  /** Instead of the card's own way from slices to a volume. */
  aggregation?: Aggregation;
  /** Where maps and pictures go; undefined for none. */
  maps?: Sink;
  /** How DICOM objects are made; undefined for none. */
  objects?: ObjectSettings;
}

/** What goes on beside the work. */
export interface ScanEvents {
  /** Sentences about what was left out. */
  note(sentence: string): void;
  /** After each slice; may throw to end the work. */
  onSlice?(): void;
}

/** Throws what `examineScan` and the sinks throw. */
export async function scoreScan(
  detector: Detector,
  { scan, frames }: Pick<OpenedScan, "scan" | "frames">,
  { file, name }: Pick<Target, "file" | "name">,
  { input, aggregation, maps, objects }: ScanSettings,
  { note, onSlice }: ScanEvents,
): Promise<Row> {
  const { card } = detector;
  const map = maps !== undefined || objects !== undefined;
  const finding = await examineScan(detector, scan, { input, aggregation, map, name: file, onSlice });
  const kept: string[] = [];
  if (maps)
    for (const output of scanFiles(card, scan, finding, name, input === undefined)) kept.push(await maps(output));
  const used = (input ?? card.input)!;
  const written =
    objects === undefined
      ? null
      : await writeObjects(objects, card, { scan, finding, input: used, file }, frames, note);
  return scanRow(card, file, finding, scan.size[2] > 1, { map: kept[0] ?? null, objects: written });
}
