/** @file What was scored, in the words of an answer: rows as hale's command prints them, with what programs want besides. */
import { RESEARCH_USE } from "@hale/detector";
import { type Row, rowRecord } from "@hale/scoring";
import type { Serving } from "../detectors.ts";
import type { Result, Scored } from "../schemas.ts";
import type { Scored as Outcome } from "../scoring/task.ts";

/** Without the files, which differ by the form of an answer. */
export function answerOf(serving: Serving, { rows, notes, outputs }: Outcome): Omit<Scored, "files"> {
  const results = rows.map((row) => resultOf(serving, row, new Set(outputs)));
  return {
    detector: nameOf(serving),
    notice: RESEARCH_USE,
    // Of one image, where one looks first.
    ...(results.length === 1 && results[0]),
    results,
    notes: [...notes],
  };
}

export function nameOf({ name, sha256, group: { card } }: Serving): Scored["detector"] {
  return { name, method: card.method.name, sha256, haleVersion: card.haleVersion };
}

function resultOf({ group: { card } }: Serving, row: Row, files: ReadonlySet<string>): Result {
  const threshold = row.threshold === null ? null : row.volume ? card.input?.volume.threshold : card.threshold;
  const { map, ...record } = rowRecord(row);
  const { value, falseAlarmRate, normals, expectedRate, low, high, level } = threshold ?? {};
  return {
    ...(record as Result),
    ...(typeof map === "string" && files.has(map) && { map }),
    ...(threshold && {
      threshold_interval: {
        ...{ value: value!, falseAlarmRate: falseAlarmRate!, normals: normals! },
        ...{ expectedRate: expectedRate!, low: low!, high: high!, level: level! },
      },
    }),
    ...(row.error && {
      error_detail: { code: row.error.code, fault: row.error.fault, remedy: row.error.remedy },
    }),
  };
}
