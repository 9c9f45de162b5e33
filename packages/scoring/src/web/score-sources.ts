/** @file Rows of sources, in their order: files go together through the network, series one by one, since each may make several scans. */
import { concernsOneImage } from "@hale/core";
import type { Detector } from "@hale/detector";
import type { GuardedReader } from "@hale/imaging";
import { errorRow, type Row } from "../row.ts";
import { type ScoringOptions, scoreTargets } from "../stream.ts";
import { type ImageSource, openSource } from "./sources.ts";

/** A row, and which scan of its source it is about. */
export interface SourceRow {
  /** Index in the sources that were given. */
  source: number;
  /** Number of the scan of a series, from 0; 0 for all else. */
  part: number;
  row: Row;
}

/** Files that are handed on together: enough to fill batches, few enough to stop soon. */
const TOGETHER = 256;

/** As `scoreTargets`, of sources; each is opened when its turn comes and forgotten afterwards. Throws as `scoreTargets` does. */
export async function* scoreSources(
  detector: Detector,
  sources: readonly ImageSource[],
  reader: GuardedReader,
  options: ScoringOptions = {},
): AsyncGenerator<SourceRow, void, undefined> {
  for (let at = 0; at < sources.length; ) {
    options.signal?.throwIfAborted();
    const first = sources[at];
    if (first.series) {
      yield* scoreSeries(detector, first, at++, reader, options);
      continue;
    }
    const next = sources.findIndex((source, i) => i > at && (source.series || i - at >= TOGETHER));
    const end = next < 0 ? sources.length : next;
    const targets = sources.slice(at, end).map((source) => ({
      file: source.file,
      name: source.name,
      open: async () => (await openSource(source, reader))[0],
    }));
    for await (const row of scoreTargets(detector, targets, options)) yield { source: at++, part: 0, row };
  }
}

async function* scoreSeries(
  detector: Detector,
  source: ImageSource,
  index: number,
  reader: GuardedReader,
  options: ScoringOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  let opened: Awaited<ReturnType<typeof openSource>>;
  try {
    opened = await openSource(source, reader);
  } catch (error) {
    if (!concernsOneImage(error)) throw error;
    yield { source: index, part: 0, row: errorRow(detector.card, source.file, error) };
    return;
  }
  for (const [part, one] of opened.entries()) {
    const suffix = part > 0 ? ` (scan ${part + 1})` : "";
    const target = { file: source.file + suffix, name: source.name + suffix, open: async () => one };
    for await (const row of scoreTargets(detector, [target], options)) yield { source: index, part, row };
  }
}
