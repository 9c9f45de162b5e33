/**
 * @file Builds what is published: each package's `dist/`, what pages load for reading files, and the command as one bundle.
 * Everything lands inside the packages, so that `npm pack` in any of them gives what is published. `npm run build`
 */
import { bundleCommand } from "./build/command.ts";
import { compile } from "./build/compile.ts";
import { buildPageReader } from "./build/page-reader.ts";

if (!compile()) process.exit(1);
await buildPageReader();
await bundleCommand();
