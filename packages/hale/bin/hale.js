#!/usr/bin/env node
/** @file Starts the command that `npm run build` has bundled. Here before any build, so that npm can link it. */
import { existsSync } from "node:fs";

const command = new URL("../dist/command/main.js", import.meta.url);
if (existsSync(command)) {
  await import(command.href);
} else {
  console.error("hale: the command is not built. Run npm run build, or use npm run hale -- instead.");
  process.exitCode = 1;
}
