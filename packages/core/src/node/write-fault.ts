/** @file The typed error of a file or folder that cannot be written, which names what stands in its way. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { HaleError } from "../error.ts";

/** What the system says where the folder takes nothing new; making folders may say that the path is missing. */
const CLOSED = ["ENOENT", "EACCES", "EPERM", "EROFS"];

/** The nearest above a path that is there. */
function nearest(path: string): string {
  const above = dirname(resolve(path));
  return existsSync(above) || above === dirname(above) ? above : nearest(above);
}

/** The typed error for a failed write; `cause` itself where it is one already. */
export function writeFault(path: string, cause: unknown): HaleError {
  if (cause instanceof HaleError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HaleError(
      "DISK_FULL",
      `The disk is full: ${path} could not be written.`,
      "Free some space and resume.",
      { cause },
    );
  }
  const { reason, remedy } = obstacle(path, code);
  return new HaleError("FILE_UNWRITABLE", `${path} cannot be written${reason} (${code ?? message}).`, remedy, {
    cause,
  });
}

/** What is in the way, so far as it is known. */
function obstacle(path: string, code = ""): { reason: string; remedy: string } {
  if (code === "ENOTDIR") return { reason: `: ${nearest(path)} is not a folder`, remedy: "Write elsewhere." };
  if (!CLOSED.includes(code)) return { reason: "", remedy: "Check the folder and its permissions." };
  return {
    reason: `: nothing can be made in ${nearest(path)}`,
    remedy: "Write elsewhere, or check that folder's permissions.",
  };
}
