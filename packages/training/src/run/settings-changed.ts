/** @file Which settings of a run are not those that it was begun with, in words. Names are those of `run.json`. */
import type { RunSettings } from "./run-settings.ts";

/** Settings that may change between two parts of a run. */
const FREE = ["data", "keep"];

/** "seed 1 instead of 2", "options.width 8 instead of 16"; empty where all are the same. */
export function settingsChanged(before: RunSettings, now: RunSettings): string[] {
  return differences(before, now, "").filter((line) => !FREE.some((name) => line.startsWith(`${name} `)));
}

function differences(before: object, now: object, prefix: string): string[] {
  const [a, b] = [before, now] as Record<string, unknown>[];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => {
    if (JSON.stringify(a[name]) === JSON.stringify(b[name])) return [];
    if (isObject(a[name]) && isObject(b[name])) return differences(a[name], b[name], `${prefix}${name}.`);
    const words = (value: unknown) => (value === undefined ? "none" : JSON.stringify(value));
    return [`${prefix}${name} ${words(b[name])} instead of ${words(a[name])}`];
  });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
