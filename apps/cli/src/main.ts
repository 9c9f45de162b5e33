#!/usr/bin/env node
/** @file The `hale` command's process: its arguments in, an exit code out. */
import { run } from "./program.ts";

// A reader that has seen enough (`hale score ... | head`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  const full = error.code === "ENOSPC" || error.code === "EDQUOT";
  const reason = full ? "the disk is full" : (error.code ?? error.message);
  console.error(
    `hale: The results cannot be written to standard output: ${reason}. Free some space or write elsewhere, and run it again.`,
  );
  process.exit(1);
});

// A terminal that was closed takes no more words; what is under way still ends well.
process.stderr.on("error", () => {});

process.exitCode = await run(process.argv.slice(2));
