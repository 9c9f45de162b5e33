/**
 * @file Leaks: what stands in two splits and so makes test results too good. The splits are train (with the
 * unlabelled images), val and test.
 */
import type { Item, Split } from "./item.ts";
import { type Fingerprint, findNearCopies, type NearCopy, type NearCopyOptions } from "./near-copies.ts";
import { filePartOf } from "./scan-names.ts";

export type { Fingerprint } from "./near-copies.ts";
export { fingerprint } from "./near-copies.ts";

/** Two images in different splits that belong together. */
export interface Leak {
  kind: "patient" | "group" | "file" | "identical" | "near-copy";
  /** Paths as given. */
  a: string;
  b: string;
  splits: [Split, Split];
  /** The shared patient, group or file; for near copies how they differ. */
  detail: string;
  /** 1, or for near copies the agreement of detail after registration. */
  similarity: number;
}

/** What `findLeaks` knows of an image besides its item. */
export interface LeakEvidence {
  /** Of the encoded file, in hex. */
  sha256: string;
  /** Null for an image whose near copies are not looked for. */
  fingerprint: Fingerprint | null;
}

export interface LeakOptions extends NearCopyOptions {
  /** False leaves out the search for near copies. */
  nearCopies?: boolean;
}

/**
 * All leaks of a data set; `evidence[i]` belongs to `items[i]`. A shared patient or group, and a file whose slices
 * share neither, is reported once for each pair of splits, with two images as the example; identical files and near copies pair by pair.
 */
export function findLeaks(
  items: readonly Item[],
  evidence: readonly LeakEvidence[],
  options: LeakOptions = {},
): Leak[] {
  const identical = identicalFiles(items, evidence);
  const told = new Set(identical.map(({ a, b }) => pairOf(a, b)));
  const compared = evidence.flatMap(({ fingerprint: print }, i) =>
    print === null || options.nearCopies === false ? [] : [{ print, item: items[i] }],
  );
  const copies = findNearCopies(
    compared.map(({ print }) => print),
    compared.map(({ item }) => item.split),
    options,
  );
  return [
    ...shared(items, "patient", (item) => item.patient),
    ...shared(items, "group", (item) => item.group),
    ...shared(tornFiles(items), "file", ({ path }) => filePartOf(path)),
    ...identical,
    ...copies
      .map((copy) =>
        leakBetween("near-copy", compared[copy.a].item, compared[copy.b].item, describeCopy(copy), copy.correlation),
      )
      .filter(({ a, b }) => !told.has(pairOf(a, b)) && told.add(pairOf(a, b))),
  ];
}

/** Names a pair of pictures, or of volumes: two equal volumes are one leak and not one for each slice. */
const pairOf = (a: string, b: string) => `${filePartOf(a)}\n${filePartOf(b)}`;

function leakBetween(kind: Leak["kind"], a: Item, b: Item, detail: string, similarity = 1): Leak {
  return { kind, a: a.path, b: b.path, splits: [a.split, b.split], detail, similarity };
}

/** Items of files that are listed slice by slice, unless one patient or group of all slices tells of them already. */
function tornFiles(items: readonly Item[]): Item[] {
  const files = new Map<string, Item[]>();
  for (const item of items) {
    const file = filePartOf(item.path);
    const slices = files.get(file);
    if (slices) slices.push(item);
    else files.set(file, [item]);
  }
  return [...files.values()].filter((slices) => !oneOf(slices, "patient") && !oneOf(slices, "group")).flat();
}

const oneOf = ([first, ...others]: readonly Item[], kind: "patient" | "group") =>
  first[kind] !== null && others.every((item) => item[kind] === first[kind]);

/** One leak for each patient, group or file and pair of splits. */
function shared(items: readonly Item[], kind: "patient" | "group" | "file", keyOf: (item: Item) => string | null) {
  const first = new Map<string, Map<Split, Item>>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const splits = first.get(key) ?? new Map<Split, Item>();
    if (!splits.has(item.split)) splits.set(item.split, item);
    first.set(key, splits);
  }
  return [...first].flatMap(([key, splits]) => {
    const [one, ...others] = [...splits.values()];
    return others.map((other) => leakBetween(kind, one, other, `${kind} ${key}`));
  });
}

function identicalFiles(items: readonly Item[], evidence: readonly LeakEvidence[]): Leak[] {
  const byHash = new Map<string, number[]>();
  evidence.forEach(({ sha256 }, i) => {
    byHash.set(sha256, [...(byHash.get(sha256) ?? []), i]);
  });
  const told = new Set<string>();
  const first = (a: string, b: string) => !told.has(pairOf(a, b)) && told.add(pairOf(a, b));
  return [...byHash.values()].flatMap((same) =>
    same.flatMap((a, k) =>
      same
        .slice(k + 1)
        .filter((b) => items[a].split !== items[b].split && first(items[a].path, items[b].path))
        .map((b) => leakBetween("identical", items[a], items[b], "the same file")),
    ),
  );
}

function describeCopy({ mirrored }: NearCopy): string {
  return mirrored === "no" ? "a copy" : `a copy turned ${mirrored === "both" ? "by half" : mirrored}`;
}
