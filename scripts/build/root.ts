/** @file Where the clone is. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const packageFolder = (name: string) => join(ROOT, "packages", name);
