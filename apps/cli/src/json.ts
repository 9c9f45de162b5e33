/** @file What `--json` prints begins with the name of its layout, which changes when a field changes its meaning, and hale's version. */
import { VERSION } from "@hale/core";
import type * as z from "zod";
import type { SCHEMAS } from "./schemas/index.ts";

export type Layout = keyof typeof SCHEMAS;

/** As the value is given, not as it is read again. */
type Given<T> = T extends object ? { readonly [Key in keyof T]: Given<T[Key]> } : T;
type Fields<L extends Layout> = Given<z.infer<(typeof SCHEMAS)[L]>>;

/** "data-check@1"; its JSON Schema is docs/schemas/data-check@1.json. */
export const schemaName = (layout: Layout): string => `${layout.replace(/ /g, "-")}@1`;

/** The fields of a layout, with its name and hale's version. */
export function labelled<L extends Layout>(layout: L, fields: Fields<L>): { schema: string; hale: string } & Fields<L> {
  return { schema: `hale/${schemaName(layout)}`, hale: VERSION, ...fields };
}
