/**
 * @file The score as a structured report: TID 1500 Measurement Report (PS3.16) in Enhanced SR Storage (PS3.3 A.35.2), the
 * smallest class that holds it, for nothing in it is outlined by coordinates.
 */
import { HaleError } from "@hale/core";
import * as codes from "./codes.ts";
import { code } from "./codes.ts";
import {
  bySeries,
  checkSources,
  commonModules,
  cut,
  type DetectorIdentity,
  distinct,
  momentOf,
  STATEMENT,
} from "./common.ts";
import { coded, container, image, number, text, uid } from "./content.ts";
import type { SourceInstance } from "./source.ts";
import { type Attributes, encodeObject, type Making, randomUid, uidOfUuid } from "./write.ts";

const STORAGE = "1.2.840.10008.5.1.4.1.1.88.22";
const dcm = (value: string, meaning: string) => code(value, "DCM", meaning);

export interface ReportInput {
  /** What was scored. */
  sources: readonly SourceInstance[];
  /** Higher is more abnormal; no unit. */
  score: number;
  /** What the score is compared with; null where the detector has none. */
  threshold: number | null;
  /** How it compares; null where there is no threshold. */
  decision: keyof typeof codes.DECISIONS | null;
  /** That the threshold was set for, 0 to 1; null where there is no threshold. */
  falseAlarmRate: number | null;
  detector: DetectorIdentity;
  /** The Parametric Map whose values the score was made of, if one was written: `sourceInstance` of its bytes. */
  parametricMap?: SourceInstance | null;
  /** The Segmentation, likewise, with the map value that its segment is above. */
  segmentation?: { instance: SourceInstance; threshold: number } | null;
  /** More sentences for people. */
  remarks?: readonly string[];
}

/** A UID that stands for the detector: the first half of its hash as a UUID (TID 1004 row 1). */
function detectorUid(detector: DetectorIdentity): string {
  return uidOfUuid(detector.sha256.slice(0, 32));
}

/** TID 1204, 1001, 1002 and 1004: the language, and the device that observed. */
function context(detector: DetectorIdentity): Attributes[] {
  return [
    coded(
      "HAS CONCEPT MOD",
      dcm("121049", "Language of Content Item and Descendants"),
      code("en", "RFC5646", "English"),
    ),
    coded("HAS OBS CONTEXT", dcm("121005", "Observer Type"), dcm("121007", "Device")),
    uid("HAS OBS CONTEXT", dcm("121012", "Device Observer UID"), detectorUid(detector)),
    text("HAS OBS CONTEXT", dcm("121013", "Device Observer Name"), detector.name),
    text("HAS OBS CONTEXT", dcm("121014", "Device Observer Manufacturer"), "hale"),
    text("HAS OBS CONTEXT", dcm("121015", "Device Observer Model Name"), `${detector.name} ${detector.version}`),
    text("HAS OBS CONTEXT", dcm("121016", "Device Observer Serial Number"), detector.sha256),
  ];
}

/** TID 1600 and 1602: one group a series and kind of image. */
function imageLibrary(sources: readonly SourceInstance[]): Attributes {
  const groups = new Map<string, SourceInstance[]>();
  for (const source of distinct(sources)) {
    const key = [source.seriesUid, source.modality, source.frameOfReferenceUid, source.rows, source.columns].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  const pixels = code("{pixels}", "UCUM", "pixels");
  return container(
    "CONTAINS",
    dcm("111028", "Image Library"),
    [...groups.values()].map((members) => {
      const [first] = members;
      return container("CONTAINS", dcm("126200", "Image Library Group"), [
        coded("HAS ACQ CONTEXT", dcm("121139", "Modality"), codes.modalityCode(first.modality)),
        number("HAS ACQ CONTEXT", dcm("110910", "Pixel Data Rows"), first.rows, pixels),
        number("HAS ACQ CONTEXT", dcm("110911", "Pixel Data Columns"), first.columns, pixels),
        ...(first.frameOfReferenceUid
          ? [uid("HAS ACQ CONTEXT", dcm("112227", "Frame of Reference UID"), first.frameOfReferenceUid)]
          : []),
        ...members.map((source) => image("CONTAINS", source)),
      ]);
    }),
  );
}

/** TID 1501: measurements of the images as a whole; algorithm by TID 4019, image references by TID 300. */
function measurements(input: ReportInput, trackingUid: string): Attributes {
  const { score, threshold, falseAlarmRate, decision, detector, parametricMap, segmentation } = input;
  const sources = distinct([...input.sources, ...(parametricMap ? [parametricMap] : [])]).map((source) =>
    image("INFERRED FROM", source, dcm("121112", "Source of Measurement")),
  );
  const algorithm = [
    text("HAS CONCEPT MOD", dcm("111001", "Algorithm Name"), detector.name),
    text("HAS CONCEPT MOD", dcm("111003", "Algorithm Version"), detector.version),
    text("HAS CONCEPT MOD", dcm("111002", "Algorithm Parameters"), `sha256=${detector.sha256}`),
  ];
  const children = [
    text("HAS OBS CONTEXT", dcm("112039", "Tracking Identifier"), "Anomaly score"),
    uid("HAS OBS CONTEXT", dcm("112040", "Tracking Unique Identifier"), trackingUid),
    number("CONTAINS", codes.ANOMALY_SCORE, score, codes.UNITLESS, [...algorithm, ...sources]),
  ];
  if (threshold !== null) {
    children.push(number("CONTAINS", codes.THRESHOLD, threshold, codes.UNITLESS));
    if (falseAlarmRate !== null) {
      children.push(number("CONTAINS", codes.FALSE_ALARM_RATE, 100 * falseAlarmRate, codes.PERCENT));
    }
  }
  if (decision !== null) children.push(coded("CONTAINS", codes.DECISION, codes.DECISIONS[decision]));
  if (segmentation) {
    // As TID 1410 and 1411 name it. Theirs are measurements within the segment, and ours are not, so TID 1501 it stays.
    const segment = dcm("121191", "Referenced Segment");
    children.push(image("CONTAINS", segmentation.instance, segment, { segment: 1 }));
    children.push(number("CONTAINS", codes.MAP_THRESHOLD, segmentation.threshold, codes.UNITLESS));
  }
  return container("CONTAINS", dcm("126010", "Imaging Measurements"), [
    container("CONTAINS", dcm("125007", "Measurement Group"), children),
  ]);
}

function check({ score, threshold, falseAlarmRate, sources, parametricMap, segmentation }: ReportInput): void {
  checkSources(sources);
  for (const written of [parametricMap, segmentation?.instance]) {
    if (written && written.studyUid !== sources[0].studyUid)
      throw new HaleError("OPTION_INVALID", "The map is of another study than the image.", "Give what was made of it.");
  }
  const finite = Number.isFinite(score) && (threshold === null || Number.isFinite(threshold));
  const rate = falseAlarmRate === null || (falseAlarmRate >= 0 && falseAlarmRate <= 1);
  if (!finite)
    throw new HaleError("NUMERIC_FAILURE", "The score or its threshold is no number.", "Score the image again.");
  if (!rate)
    throw new HaleError(
      "OPTION_INVALID",
      `The false-alarm rate ${falseAlarmRate} is not in 0…1.`,
      "Give a number from 0 to 1.",
    );
}

/**
 * Bytes of a structured report: what was looked at, by which detector, the score, its threshold and false-alarm rate, and
 * the decision where there is a threshold. Complete and unverified. Throws NUMERIC_FAILURE, OPTION_INVALID.
 */
export function structuredReport(input: ReportInput, making: Making = {}): Uint8Array<ArrayBuffer> {
  check(input);
  const { sources, detector, parametricMap, segmentation, remarks = [] } = input;
  const [source] = sources;
  const evidence = [...sources, parametricMap, segmentation?.instance].filter((each) => each != null);
  const newUid = making.newUid ?? randomUid;
  const { date, time } = momentOf(source, making);
  const kind = {
    sopClassUid: STORAGE,
    modality: "SR",
    seriesDescription: cut(`Anomaly report, ${detector.name}`),
    seriesNumber: 9004,
  };
  const { Laterality, BodyPartExamined, ...common } = commonModules(source, kind, detector, making);
  return encodeObject({
    ...common,
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    CompletionFlag: "COMPLETE",
    CompletionFlagDescription: STATEMENT,
    VerificationFlag: "UNVERIFIED",
    AuthorObserverSequence: [
      {
        ObserverType: "DEV",
        InstitutionName: null,
        InstitutionCodeSequence: [],
        StationName: null,
        DeviceUID: detectorUid(detector),
        Manufacturer: "hale",
        ManufacturerModelName: cut(detector.name),
      },
    ],
    CurrentRequestedProcedureEvidenceSequence: [
      { StudyInstanceUID: source.studyUid, ReferencedSeriesSequence: bySeries(evidence, "ReferencedSOPSequence") },
    ],
    ContentDate: date,
    ContentTime: time,
    ValueType: "CONTAINER",
    ConceptNameCodeSequence: [dcm("126000", "Imaging Measurement Report")],
    ContinuityOfContent: "SEPARATE",
    ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: "1500" }],
    ContentSequence: [
      ...context(detector),
      coded("HAS CONCEPT MOD", dcm("121058", "Procedure Reported"), codes.procedureCode(source.modality)),
      imageLibrary(sources),
      measurements(input, newUid()),
      container("CONTAINS", code("C0034375", "UMLS", "Qualitative Evaluations"), [
        ...[STATEMENT, ...remarks].map((remark) => text("CONTAINS", dcm("121106", "Comment"), remark)),
      ]),
    ],
  });
}
