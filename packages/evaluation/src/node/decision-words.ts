/** @file A decision in words. They are of the score: no image is called normal or abnormal by a detector. */
import { percent } from "@hale/core";
import type { Finding } from "@hale/detector";

/** "above the threshold (5 % false alarms)"; null where there is no threshold. */
export function decisionWords(decision: Finding["decision"], falseAlarmRate: number | undefined): string | null {
  if (decision === null) return null;
  const words = decision === "abnormal" ? "above the threshold" : "not above the threshold";
  return falseAlarmRate === undefined ? words : `${words} (${percent(falseAlarmRate)} false alarms)`;
}
