/** @file Intervals and proportions as the report prints them. */
import { fixed, percent, percentRange } from "@hale/core";
import type { IntervalData, ProportionData } from "./report-data.ts";

/** "0.901 to 0.955", or why there is none. */
export function interval(data: IntervalData): string {
  if (data.low === null) return `no interval: ${data.reason}`;
  return `${fixed(data.low)} to ${fixed(data.high)}`;
}

/** "87 of 100 (87 %, 78.8 to 92.9 %)". */
export function proportion(data: ProportionData): string {
  return `${data.successes} of ${data.trials} (${percent(data.value)}, ${percentRange(data.low, data.high)})`;
}
