/** @file A decision as a shape, a colour and words: none of them stands alone. */
import type { Row } from "@hale/scoring";

const MARKS = {
  above: { shape: "▲", tone: "above" },
  "not above": { shape: "●", tone: "below" },
  "needs review": { shape: "◆", tone: "review" },
} as const;

/** `short`: the first words alone; the rest is in the title. */
export function DecisionMark({ row, short = false }: { row: Row; short?: boolean }) {
  const mark = row.error
    ? { shape: "✕", tone: "fault" }
    : row.decision
      ? MARKS[row.decision]
      : { shape: "–", tone: "none" };
  const words = row.error ? row.error.fault : (row.meaning ?? "");
  const said = row.error ? "not scored" : (row.decision ?? "no decision");
  return (
    <span className={`decision ${mark.tone}`} title={words}>
      <span className="shape" aria-hidden="true">
        {mark.shape}
      </span>
      <span className="words">{short ? said : words}</span>
    </span>
  );
}
