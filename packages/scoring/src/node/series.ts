/** @file DICOM objects as what is to be scored: series, and what is in none. */
import { HaleError } from "@hale/core";
import { assembleSeries, type DicomObject, isLocalizer, type LeftOut, READERS, readerNamed } from "@hale/imaging";
import type { SourceInstance } from "@hale/imaging/dicom-objects";
import type { Opened } from "../target.ts";

export const DICOM = READERS.find(({ kind }) => kind === "dicom")!;

/** How a target opens. */
export type OpenTarget = () => Promise<Opened>;

/** What was read of a folder, a zip or several files. */
export interface ReadObjects {
  objects: DicomObject[];
  leftOut: LeftOut[];
  /** By the objects' names, what written objects refer to; null where none are to be written. */
  sources: ReadonlyMap<string, () => SourceInstance> | null;
}

export interface SeriesNames {
  /** The file of an object's name, as rows have it. */
  fileOf(name: string): string;
  /** What a series of several files is called. */
  whole: string;
  /** Opens what should be DICOM and was not read as such, to say why. */
  open(name: string): Promise<Opened>;
}

/** Each series by its file; one of a single file goes by that, others by the whole. */
export function seriesTargets(
  { objects, leftOut, sources }: ReadObjects,
  { fileOf, whole, open }: SeriesNames,
): [string, OpenTarget][] {
  const { series, leftOut: unused } = assembleSeries(objects);
  const names = numbered(
    series.map(({ instances }) => (instances.length === 1 ? fileOf(instances[0].name) : whole)),
    (name, number) => `${name} (series ${number})`,
  );
  const rows = series.map(({ scan, instances, slices, notes }, i): [string, OpenTarget] => {
    if (isLocalizer(instances[0].imageType)) return [names[i], refuseLocalizer];
    const frames =
      sources === null
        ? undefined
        : () => {
            const read = instances.map(({ name }) => sources.get(name)!());
            return slices.map(({ instance, frame }) => ({ instance: read[instance], frame: frame + 1 }));
          };
    return [names[i], async () => ({ kind: "scan", scan, frames, notes })];
  });
  // What is lost has a row that says why; so has what should be DICOM by its name, a copy perhaps.
  const others = [...leftOut, ...unused].filter(({ name, lost }) => lost || readerNamed(name) === DICOM);
  return [
    ...rows,
    ...others.map(({ name, reason, lost, cause }): [string, OpenTarget] => [
      fileOf(name),
      async () => {
        if (lost) throw new HaleError("IMAGE_CORRUPT", `${sentence(reason)}`, REMEDIES[cause ?? "unread"]);
        return open(name);
      },
    ]),
  ];
}

/** As an import leaves them out. */
async function refuseLocalizer(): Promise<never> {
  throw new HaleError(
    "IMAGE_UNSUPPORTED",
    "It is a localizer, which only shows where other images lie.",
    "Score it by its own name where you mean it.",
  );
}

/** What to do about a file that is in no scan. */
const REMEDIES = {
  unread: "What else is there was scored without it.",
  mixed: "Fetch the missing images, or score each stack in a folder of its own.",
  "too-large": "Score parts of it.",
} as const;

const sentence = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

/** Names that occur several times get numbers, from 1. */
function numbered(names: readonly string[], form: (name: string, number: number) => string): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    if (names.filter((other) => other === name).length === 1) return name;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return form(name, seen.get(name)!);
  });
}
