/**
 * @file Builds what is published: each package's `dist/`, what pages load for reading files, the command as one bundle, and the
 * studio.
 * Everything lands inside the packages, so that `npm pack` in any of them gives what is published. `npm run build`
 */
import { bundleCommand } from "./build/command.ts";
import { compile } from "./build/compile.ts";
import { buildPageReader } from "./build/page-reader.ts";
import { buildStudio } from "./build/studio.ts";

if (!compile()) process.exit(1);
await buildPageReader();
await bundleCommand(await buildStudio());
