#!/usr/bin/env node
/** @file The `hale` command's process: its arguments in, an exit code out. */
import { run } from "./program.ts";

// A reader that has seen enough (`hale score ... | head`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));
