/** @file A detector and one file: the shortest way to a row. */
import type { AskedInput } from "@hale/data";
import type { Detector } from "@hale/detector";
import { inputAsked, type Row, type ScoringOptions, scoreTargets, type Target } from "@hale/scoring";

export interface ScoreSettings extends Omit<ScoringOptions, "input" | "strict" | "readers"> {
  /** How a scan becomes images, where that is not what the detector's card says. */
  input?: AskedInput;
}

/** What `scoreTargets` takes for these settings. Throws OPTION_INVALID where they do not fit the detector. */
export const scoringOptions = (detector: Detector, { input = {}, ...rest }: ScoreSettings): ScoringOptions => ({
  ...rest,
  input: inputAsked(detector, input),
});

/** The target's row. Throws the HaleError of a file that cannot be read or scored. */
export async function scoreOne(detector: Detector, target: Target, settings: ScoreSettings): Promise<Row> {
  const options = { ...scoringOptions(detector, settings), strict: true };
  for await (const row of scoreTargets(detector, [target], options)) return row;
  throw new Error(`There is no row of ${target.file}.`);
}
