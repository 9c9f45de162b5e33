/** @file What a campaign found, for people. */
import type { CampaignResult } from "./campaign.ts";

/** Growth of the thread's own memory, and of the process's, that is no leak, in bytes. */
const OWN_SLACK = 16 * 2 ** 20;
const RSS_SLACK = 256 * 2 ** 20;

/** True when memory grew between warm-up and end by more than it does without a leak. */
export function grew({ memory }: CampaignResult): boolean {
  if (!memory) return false;
  return memory.end.own - memory.warm.own > OWN_SLACK || memory.end.rss - memory.warm.rss > RSS_SLACK;
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

const byCount = (counts: Record<string, number>) =>
  Object.entries(counts)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`);

/** One line of results/fuzz.jsonl. */
export interface Figures {
  seed: number;
  kinds: readonly string[];
  /** Seeds that WebAssembly decodes, or those that JavaScript reads. */
  codecs: boolean;
  runs: number;
  perSecond: number;
  read: number;
  findings: number;
  slowestMilliseconds: number;
  /** Growth from the warm-up to the end; null where it was not measured. */
  ownGrowthMb: number | null;
  residentGrowthMb: number | null;
}

export function figures(result: CampaignResult, of: Pick<Figures, "seed" | "kinds" | "codecs">): Figures {
  const { runs, seconds, ok, findings, slowest, memory } = result;
  const growth = (key: "own" | "rss") => memory && Number(((memory.end[key] - memory.warm[key]) / 2 ** 20).toFixed(1));
  return {
    ...of,
    runs,
    perSecond: Math.round(runs / seconds),
    read: ok,
    findings: findings.length,
    slowestMilliseconds: Math.round(slowest.milliseconds),
    ownGrowthMb: growth("own"),
    residentGrowthMb: growth("rss"),
  };
}

export function report(result: CampaignResult): string {
  const { runs, seconds, ok, refused, caught, kinds, slowest, findings, memory } = result;
  return [
    `${runs} runs in ${seconds.toFixed(1)} s (${Math.round(runs / seconds)} a second); ${ok} read, the others refused:`,
    ...byCount(refused),
    "By kind:",
    ...Object.entries(kinds)
      .sort()
      .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`),
    `Slowest: run ${slowest.run}, ${slowest.milliseconds.toFixed(0)} ms.`,
    memory
      ? `Memory after warm-up and at the end: own ${megabytes(memory.warm.own)} and ${megabytes(memory.end.own)}, resident ${megabytes(memory.warm.rss)} and ${megabytes(memory.end.rss)}.`
      : "Memory was not compared: the thread was made anew.",
    ...(Object.keys(caught).length > 0
      ? ["Errors of JavaScript that became refusals:", ...byCount(caught).slice(0, 30)]
      : []),
    findings.length === 0 ? "No findings." : `${findings.length} kinds of findings:`,
    ...findings.map(
      ({ signature, count, first }) =>
        `  ${count} x ${signature} (first: run ${first.run}, ${first.seedName}: ${first.notes.join("; ")})`,
    ),
  ].join("\n");
}
