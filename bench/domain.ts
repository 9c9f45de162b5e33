/**
 * @file Measures the domain check on the real sets: of each set's detector, which images of its own test part, of other
 * organs and kinds, and made ones it marks as outside. What a detector knows of the look of its images comes from the normals
 * of train and val alone, whatever its method, so none has to be trained. Writes results/domain.csv.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clusterOf, type Item } from "@hale/data";
import { loadDataset, readImages } from "@hale/data/node";
import { type Description, type DomainReason, describe, domainCheck, fitDomain, isBlank } from "@hale/detector";
import { type Raster, toGrey } from "@hale/imaging";
import { madeFrom, photograph, whiteNoise } from "./foreign-images.ts";

/** Sets by what they show. Nothing was chosen by the last one. */
const ORGANS: Readonly<Record<string, string>> = {
  "retinal-oct": "retina by OCT",
  "chest-xray": "chest",
  "brain-mri": "brain",
  "retinal-fundus": "fundus",
  "brain-mri-brats": "brain",
  "retinal-oct-dme": "retina by OCT",
};
const DEFAULT_SETS = Object.keys(ORGANS);
const RESULTS = "results/domain.csv";
const HEAD = "detector,set,kind,images,flagged,share,reasons";
const SEED = 1;

interface Part {
  kind: string;
  set: string;
  descriptions: Description[];
  /** Pictures of one value, which are refused. */
  blank?: number;
}

interface Prepared {
  name: string;
  normals: { descriptions: Description[]; clusters: string[] };
  test: Record<"own-normal" | "own-abnormal", Description[]>;
  /** Test images whose colour was taken away; empty for grey sets. */
  grey: Description[];
  made: Part[];
}

export interface DomainOptions {
  data: string;
  sets?: readonly string[];
}

export async function benchDomain({ data, sets = DEFAULT_SETS }: DomainOptions): Promise<void> {
  const prepared: Prepared[] = [];
  for (const name of sets) {
    prepared.push(await prepare(data, name));
    console.error(`Read ${name}`);
  }
  const rows = prepared.flatMap((detector) => rowsOf(detector, prepared));
  const kept = previous().filter((line) => !sets.some((name) => line.startsWith(`${name},`)));
  writeFileSync(RESULTS, `${[HEAD, ...kept, ...rows].join("\n")}\n`);
  console.log([HEAD, ...rows].join("\n"));
}

async function prepare(data: string, name: string): Promise<Prepared> {
  const { items } = await loadDataset(join(data, name));
  const of = async (wanted: readonly Item[]) => {
    const { images, items: read } = await readImages(wanted, (raster) => ({ description: describe(raster), raster }));
    return {
      descriptions: images.map(({ description }) => description),
      rasters: images.map(({ raster }) => raster),
      read,
    };
  };
  const normals = await of(items.filter(({ split, label }) => split !== "test" && label === 0));
  const tested = (label: 0 | 1) => of(items.filter((item) => item.split === "test" && item.label === label));
  const [normal, abnormal] = [await tested(0), await tested(1)];
  return {
    name,
    normals: { descriptions: normals.descriptions, clusters: normals.read.map(clusterOf) },
    test: { "own-normal": normal.descriptions, "own-abnormal": abnormal.descriptions },
    grey: [...normal.rasters, ...abnormal.rasters]
      .filter(({ channels }) => channels === 3)
      .map((raster) => describe(toGrey(raster))),
    made: madeParts(normal.rasters),
  };
}

/** Foreign pictures made of the normal test images, and some that are made of nothing. */
function madeParts(rasters: readonly Raster[]): Part[] {
  const parts = Object.entries(madeFrom).map(([set, make]): Part => {
    const made = rasters.map(make);
    return { kind: "made", set, descriptions: made.map(describe), blank: made.filter(isBlank).length };
  });
  const drawn = (make: (seed: number) => Raster) => Array.from({ length: 50 }, (_, i) => describe(make(SEED + i)));
  parts.push({ kind: "made", set: "noise", descriptions: drawn(whiteNoise) });
  parts.push({ kind: "made", set: "photograph (drawn)", descriptions: drawn(photograph) });
  return parts;
}

function rowsOf(detector: Prepared, all: readonly Prepared[]): string[] {
  const fitted = fitDomain(detector.normals.descriptions, detector.normals.clusters);
  if ("domainReason" in fitted) throw new Error(`${detector.name}: ${fitted.domainReason}`);
  const check = domainCheck(fitted.domain);
  const own = Object.entries(detector.test).map(
    ([kind, descriptions]): Part => ({ kind, set: detector.name, descriptions }),
  );
  const others = all
    .filter(({ name }) => name !== detector.name)
    .flatMap(({ name, test, grey }): Part[] => {
      const kind = ORGANS[name] === ORGANS[detector.name] ? "same-organ" : "other";
      const whole = { kind, set: name, descriptions: [...test["own-normal"], ...test["own-abnormal"]] };
      return grey.length > 0 ? [whole, { kind, set: `${name} (as grey)`, descriptions: grey }] : [whole];
    });
  return [...own, ...others, ...detector.made].map(({ kind, set, descriptions, blank = 0 }) => {
    const found = descriptions.map(check);
    const flagged = blank > 0 ? blank : found.filter(({ outside }) => outside).length;
    const reasons = new Map<DomainReason, number>();
    for (const reason of found.flatMap((one) => one.reasons)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const told =
      blank > 0
        ? "refused: one value"
        : [...reasons]
            .sort((a, b) => b[1] - a[1])
            .map(([reason, n]) => `${reason} ${n}`)
            .join("; ");
    const n = descriptions.length;
    return [detector.name, set, kind, n, flagged, (flagged / n).toFixed(3), told].join(",");
  });
}

function previous(): string[] {
  try {
    return readFileSync(RESULTS, "utf8").trim().split("\n").slice(1);
  } catch {
    return [];
  }
}
