/**
 * @file What a test needs of the machine and may not find on a user's: there the test is skipped and says why in one
 * line. With CI=true nothing may be missing, so that a skip can never pass for a success.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** What `find` found, or null, said on stderr. Throws instead where CI=true. */
export function needs<T>(what: string, find: () => T | null): T | null {
  const found = find();
  if (found !== null) return found;
  if (process.env.CI === "true") throw new Error(`This test needs ${what}, and with CI=true it must not be skipped.`);
  process.stderr.write(`skipped: needs ${what}, which is not on this machine\n`);
  return null;
}

/** Debian's SwiftShader, a GPU in software: the manifest that its package `chromium` installs. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Environment for a process whose WebGPU shall run on SwiftShader; null where it is not installed. */
export function swiftShader(): Record<string, string> | null {
  if (!existsSync(SWIFTSHADER)) return null;
  // The Vulkan loader lies beside the manifest, and need not be on the system's own path.
  const libraries = [dirname(SWIFTSHADER), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return { VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER, LD_LIBRARY_PATH: libraries };
}
