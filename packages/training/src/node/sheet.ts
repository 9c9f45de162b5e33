/** @file Pictures as networks have them, in rows in PNG files. */
import { writeAtomic } from "@hale/core/node";
import { pairsPng, sheetPng } from "../run/sheet.ts";

/** Writes what `sheetPng` makes. */
export const writeSheet = (path: string, ...of: Parameters<typeof sheetPng>) => writeAtomic(path, sheetPng(...of));

/** Writes what `pairsPng` makes. */
export const writePairs = (path: string, ...of: Parameters<typeof pairsPng>) => writeAtomic(path, pairsPng(...of));
