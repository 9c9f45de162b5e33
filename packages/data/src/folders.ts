/**
 * @file The folder form of a data set: `normal/`, `abnormal/`, `unlabelled/` and optional `masks/`, with `train/`,
 * `val/` and `test/` above or below them; deeper folders of `abnormal/` name the class. Works on a list of relative
 * paths, so that it can be read without a disk.
 */
import { READERS, titlesOf } from "@hale/imaging";
import { type Row, SPLITS, type Split } from "./item.ts";
import { invalid } from "./manifest.ts";
import { isPictureName, isScanName, stemOf } from "./scan-names.ts";

type Kind = "normal" | "abnormal" | "unlabelled" | "masks";
const KINDS: readonly Kind[] = ["normal", "abnormal", "unlabelled", "masks"];

interface Place {
  path: string;
  kind: Kind | null;
  split: Split | null;
  /** The folders that are neither a kind nor a split. */
  rest: string;
  /** File name without its extension, also a double one. */
  stem: string;
}

/** Rows and warnings from the files of a folder. Throws DATASET_INVALID for a layout that contradicts itself. */
export function readFolders(files: readonly string[], name: string): { rows: Row[]; warnings: string[] } {
  const warnings: string[] = [];
  const images = files.filter((file) => isPictureName(file) || isScanName(file));
  const places = images.map((file) => placeOf(file, name));
  const stray = places.filter((place) => place.kind === null);
  if (files.length > images.length) {
    warnings.push(
      `${files.length - images.length} files are not named like an image (${titlesOf(READERS, "or")}) and were left out.`,
    );
  }
  if (stray.length > 0) {
    warnings.push(`${stray.length} images lie outside normal/, abnormal/ and unlabelled/ and were left out.`);
  }
  const masks = places.filter((place) => place.kind === "masks");
  const used = new Set<string>();
  const rows = places.flatMap((place): Row[] => {
    if (place.kind === null || place.kind === "masks") return [];
    const mask = place.kind === "unlabelled" ? null : maskFor(place, masks);
    if (mask) used.add(mask);
    const label = place.kind === "normal" ? 0 : place.kind === "abnormal" ? 1 : null;
    const { path, split } = place;
    const kindOf = label === 1 && place.rest ? place.rest : label === null ? "" : place.kind;
    return [{ path, label, class: kindOf, split, patient: null, group: null, mask }];
  });
  if (masks.length > used.size) warnings.push(`${masks.length - used.size} masks belong to no image.`);
  return { rows, warnings };
}

function placeOf(path: string, name: string): Place {
  const folders = path.split("/");
  const file = folders.pop() ?? "";
  const kinds = folders.filter((folder): folder is Kind => KINDS.some((kind) => kind === folder));
  const splits = folders.filter((folder): folder is Split => SPLITS.some((split) => split === folder));
  if (kinds.length > 1 || splits.length > 1) {
    throw invalid(name, `the folders of ${path} contradict each other.`, "Give each image one kind and one split.");
  }
  const rest = folders.filter((folder) => folder !== kinds[0] && folder !== splits[0]).join("/");
  return { path, kind: kinds[0] ?? null, split: splits[0] ?? null, rest, stem: stemOf(file) };
}

/** The mask of the same name: in the same split and class folder, else in the same class folder, else the only one. */
function maskFor(image: Place, masks: readonly Place[]): string | null {
  const named = masks.filter((mask) => mask.stem === image.stem);
  const sameClass = named.filter((mask) => mask.rest === image.rest);
  const exact = sameClass.find((mask) => mask.split === image.split) ?? sameClass.find((mask) => mask.split === null);
  if (exact) return exact.path;
  return named.length === 1 && named[0].rest === "" && named[0].split === null ? named[0].path : null;
}
