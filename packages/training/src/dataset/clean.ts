/**
 * @file Takes the leaks out of a split that is to stay: of everything that stands on two sides, the side nearer to the
 * test images keeps its images.
 */
import { type Item, SPLITS, type Split } from "./item.ts";
import type { Leak } from "./leaks.ts";

const nearness = (split: Split) => SPLITS.indexOf(split);

/**
 * The items that must go so that none of `leaks` remains: of a pair, the one of train before val before test; of a shared
 * patient or group, all images but those of its side nearest to test. In the items' order.
 */
export function leakingItems(items: readonly Item[], leaks: readonly Leak[]): Item[] {
  const byPath = new Map(items.map((item) => [item.path, item]));
  const gone = new Set<Item>();
  for (const leak of leaks) {
    const pair = [leak.a, leak.b].map((path) => byPath.get(path)!);
    const { kind } = leak;
    const shared = kind === "patient" || kind === "group" ? pair[0][kind] : null;
    const joined = shared === null ? pair : items.filter((item) => item[kind as "patient" | "group"] === shared);
    const nearest = Math.max(...joined.map((item) => nearness(item.split)));
    for (const item of joined) if (nearness(item.split) < nearest) gone.add(item);
  }
  return items.filter((item) => gone.has(item));
}
