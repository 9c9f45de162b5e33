/**
 * @file From surveyed files to what will be written: files are gathered into scans, each with its token, its patient's
 * pseudonym and its label. Nothing is decoded and nothing written.
 */
import { createHash } from "node:crypto";
import { commonLabel, keyOf, type Label, type LabelTable, lineForPath } from "../../import/labels.ts";
import type { Reason } from "../../import/records.ts";
import type { Pseudonyms } from "../../pseudonym.ts";
import { type PathPattern, pathPattern } from "./path-pattern.ts";
import { type Kind, type Surveyed, standsAlone, type Terms } from "./survey.ts";

/** What becomes one scan, or several where a series or file holds several. */
export interface Unit {
  token: string;
  kind: Kind;
  /** In the order of their paths. */
  files: Surveyed[];
  /** Other files with the same object, for those that turn out damaged. */
  copies: ReadonlyMap<Surveyed, readonly Surveyed[]>;
  /** Null where nobody says anything. */
  label: Label | null;
  patient: string | null;
  study: string;
  series: string;
  /** Joins its scans where no patient does. */
  group: string | null;
  mask: Surveyed | null;
  terms: Terms;
}

export interface Plan {
  units: Unit[];
  leftOut: { found: Surveyed; reason: Reason }[];
  /** Tokens of scans that were given two labels. */
  conflicts: string[];
  /** Lines of the table of labels that name nothing here. */
  unmatchedLines: number;
  /** Classes that are called like a patient, and are not taken over. */
  personalClasses: number;
  /** Scans below a folder of `abnormal/` that is no listed class. */
  unlistedClasses: number;
}

export interface PlanOptions {
  labels: LabelTable | null;
  /** Its first group, on a file's path, is the id of a patient whom the file does not name. */
  patientPattern: RegExp | null;
}

/** Plans an import; the same files, in whatever order and place, give the same tokens. */
export async function planImport(
  surveyed: readonly Surveyed[],
  pseudonyms: Pseudonyms,
  { labels, patientPattern }: PlanOptions,
): Promise<Plan> {
  const plan: Plan = {
    units: [],
    leftOut: [],
    conflicts: [],
    unmatchedLines: 0,
    personalClasses: 0,
    unlistedClasses: 0,
  };
  const masks = surveyed.filter((found) => found.place.mask);
  const { kept, copies } = withoutCopies(
    surveyed.filter((found) => !found.place.mask),
    plan,
  );
  const used = new Set<string>();
  const pattern = patientPattern && pathPattern(patientPattern);
  const personal = personalWords(surveyed);
  for (const files of gather(kept)) {
    const [first] = files;
    const ids = files.map((found) => found.id).sort();
    const token = await pseudonyms.of("scan", createHash("sha256").update(ids.join()).digest("hex"));
    const all = files.flatMap((found) => [found, ...(copies.get(found) ?? [])]);
    const said = all.map((found) => saidOf(found, labels, pattern, used));
    const patients = new Set(said.map(({ patient }) => patient).filter((patient) => patient !== null));
    if (patients.size > 1) {
      for (const found of files) plan.leftOut.push({ found, reason: "several-patients" });
      continue;
    }
    const common = commonLabel(said.flatMap((one) => one.labels));
    if (common === "conflict" || all.some((found) => found.place.contradicts)) {
      plan.conflicts.push(token);
    }
    const label = common === "conflict" ? null : common;
    const named = label !== null && !namesSomebody(label.class, personal);
    if (label !== null && !named) plan.personalClasses++;
    if (all.some((found) => found.place.unlistedClass) && label?.class === "abnormal") plan.unlistedClasses++;
    const [patient] = patients;
    const { studyUid = null, seriesUid = null } = first.identity ?? {};
    const study = studyUid === null ? "" : await pseudonyms.of("study", studyUid);
    plan.units.push({
      token,
      kind: first.kind,
      files,
      copies,
      label: label === null || named ? label : { ...label, class: "abnormal" },
      patient: patient === undefined ? null : await pseudonyms.of("patient", ...JSON.parse(patient)),
      study,
      series: seriesUid === null ? "" : await pseudonyms.of("series", seriesUid),
      group: patient === undefined ? study || token : null,
      mask: null,
      terms: first.terms,
    });
  }
  giveMasks(plan, masks);
  plan.unmatchedLines = labels ? labels.lines.size - used.size : 0;
  plan.units.sort((a, b) => (a.token < b.token ? -1 : 1));
  return plan;
}

/** The first file of each identity, with the others that hold the same. */
function withoutCopies(surveyed: readonly Surveyed[], plan: Plan) {
  const byId = new Map<string, Surveyed>();
  const copies = new Map<Surveyed, Surveyed[]>();
  for (const found of surveyed) {
    const first = byId.get(found.id);
    if (!first) byId.set(found.id, found);
    else {
      copies.set(first, [...(copies.get(first) ?? []), found]);
      plan.leftOut.push({ found, reason: "duplicate" });
    }
  }
  return { kept: [...byId.values()], copies };
}

/** Slices of one series together, all else alone. */
function gather(kept: readonly Surveyed[]): Surveyed[][] {
  const groups = new Map<string, Surveyed[]>();
  for (const found of kept) {
    const series = found.identity?.seriesUid ?? null;
    const key = series === null || standsAlone(found) ? `file ${found.id}` : `series ${series}`;
    const group = groups.get(key);
    if (group) group.push(found);
    else groups.set(key, [found]);
  }
  return [...groups.values()];
}

/** What folders, path and table say of one file. The patient is [issuer, id] as JSON, so that the two stay apart. */
function saidOf(found: Surveyed, table: LabelTable | null, pattern: PathPattern | null, used: Set<string>) {
  const { identity, file, place } = found;
  const line = table ? lineOf(found, table) : null;
  if (line) used.add(line[0]);
  const id = identity?.patientId ?? pattern?.(file.path) ?? line?.[1].patient ?? null;
  const issuer = identity?.patientId ? identity.issuer : "";
  const fromTable: Label | null = line && { label: line[1].label, class: line[1].class, split: line[1].split };
  return {
    labels: [place.label, fromTable],
    patient: id ? JSON.stringify([issuer, id.normalize("NFC").trim()]) : null,
  };

  function lineOf({ identity }: Surveyed, { key, lines }: LabelTable) {
    if (key === "path") return lineForPath(lines, file.path);
    const ids = {
      patient: identity?.patientId ?? pattern?.(file.path),
      study: identity?.studyUid,
      series: identity?.seriesUid,
      accession: identity?.accession,
    };
    const name = keyOf(key, ids[key] ?? "");
    const given = lines.get(name);
    return given ? ([name, given] as const) : null;
  }
}

/** Names, their parts, and ids that headers hold, in small letters. */
function personalWords(surveyed: readonly Surveyed[]): Set<string> {
  const words = new Set<string>();
  for (const { identity } of surveyed) {
    for (const text of [identity?.patientName, identity?.patientId, identity?.accession]) {
      if (!text) continue;
      for (const word of [text, ...text.split(SEPARATORS)]) {
        // Shorter ones are shared by too many, and by the names of diseases.
        if (word.length >= 4) words.add(word.trim().toLowerCase());
      }
    }
  }
  for (const kind of ["normal", "abnormal"]) words.delete(kind);
  return words;
}

const SEPARATORS = /[\^=\s,;:/_]+/;

/** A class may hold no word that is somebody's name or number. */
function namesSomebody(name: string, personal: ReadonlySet<string>): boolean {
  const text = name.toLowerCase();
  return [text, ...text.split(SEPARATORS)].some((word) => personal.has(word));
}

/** Masks go to the scan of their stem: with the same folders, or directly in masks/ where only one scan has the name. */
function giveMasks(plan: Plan, masks: readonly Surveyed[]): void {
  const names = (unit: Unit): string[] => {
    const stems = unit.files.map((found) => found.place.stem);
    const folders = new Set(stems.map((stem) => stem.slice(0, Math.max(0, stem.lastIndexOf("/")))));
    // A series goes by its folder, when it has one to itself.
    return unit.files.length === 1 ? stems : folders.size === 1 ? [...folders] : [];
  };
  const exact = new Map<string, Unit[]>();
  const loose = new Map<string, Unit[]>();
  for (const unit of plan.units) {
    for (const name of names(unit)) {
      const last = name.slice(name.lastIndexOf("/") + 1);
      exact.set(name, [...(exact.get(name) ?? []), unit]);
      loose.set(last, [...(loose.get(last) ?? []), unit]);
    }
  }
  for (const found of masks) {
    const { stem } = found.place;
    const units = exact.get(stem) ?? (stem.includes("/") ? [] : (loose.get(stem) ?? []));
    const [unit] = units;
    const fits =
      units.length === 1 && unit.mask === null && unit.label?.label !== undefined && unit.label.label !== null;
    if (fits) unit.mask = found;
    else plan.leftOut.push({ found, reason: "mask-without-scan" });
  }
}

/** A name for a source file in left-out.csv: a pseudonym of where it is. */
export const sourceToken = (pseudonyms: Pseudonyms, place: string) =>
  pseudonyms.of("source", createHash("sha256").update(place).digest("hex"));
