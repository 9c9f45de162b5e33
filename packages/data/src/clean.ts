/**
 * @file Takes the leaks out of a split that is to stay: of everything that stands in two splits, what is nearer to the
 * test images keeps its images.
 */
import { type Item, SPLITS, type Split } from "./item.ts";
import type { Leak } from "./leaks.ts";
import { filePartOf } from "./scan-names.ts";

/** What all items of a leak share; nothing where a leak is one pair. */
const KEYS: Partial<Record<Leak["kind"], (item: Item) => string | null>> = {
  patient: (item) => item.patient,
  group: (item) => item.group,
  file: (item) => filePartOf(item.path),
};

const nearness = (split: Split) => SPLITS.indexOf(split);

/**
 * The items that must go so that none of `leaks` remains: of a pair, the one of train before val before test; of a shared
 * patient, group or file, all images but those of its split nearest to test. In the items' order.
 */
export function leakingItems(items: readonly Item[], leaks: readonly Leak[]): Item[] {
  const byPath = new Map(items.map((item) => [item.path, item]));
  const gone = new Set<Item>();
  for (const leak of leaks) {
    const pair = [leak.a, leak.b].map((path) => byPath.get(path)!);
    const keyOf = KEYS[leak.kind];
    const joined = keyOf ? items.filter((item) => keyOf(item) === keyOf(pair[0])) : pair;
    const nearest = Math.max(...joined.map((item) => nearness(item.split)));
    for (const item of joined) if (nearness(item.split) < nearest) gone.add(item);
  }
  return items.filter((item) => gone.has(item));
}
