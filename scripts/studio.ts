/** @file `npm run studio`: builds the page where it is missing or `--build` asks for it, then `hale studio` with the other arguments. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "../apps/cli/src/program.ts";
import { buildPageReader } from "./build/page-reader.ts";
import { buildStudio, STUDIO_BUILD } from "./build/studio.ts";

const args = process.argv.slice(2);
if (args.includes("--build") || !existsSync(join(STUDIO_BUILD, "index.html"))) {
  console.error("Building the page; the first time a small detector is fitted too, which takes a minute ...");
  await buildPageReader();
  await buildStudio();
}
process.exitCode = await run(["studio", ...args.filter((arg) => arg !== "--build")]);
