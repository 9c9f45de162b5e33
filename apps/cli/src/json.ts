/** @file What `--json` prints begins with the name of its layout, which changes when a field changes its meaning, and hale's version. */
import { VERSION } from "@hale/core";

/** `command` is that of the call, such as "data check". */
export function labelled<T extends object>(command: string, fields: T): { schema: string; hale: string } & T {
  return { schema: `hale/${command.replace(/ /g, "-")}@1`, hale: VERSION, ...fields };
}
