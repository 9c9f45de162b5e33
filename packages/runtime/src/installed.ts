/**
 * @file ONNX Runtime is two npm packages of 143 and 288 MB, so that both are optional: who installs hale chooses what it
 * runs on. Here is what is said where the choice was not made.
 */
import { HaleError } from "@hale/core";

/** The module that `load` imports, or null where its package `name` is not installed. Other failures are thrown. */
export async function ifInstalled<Module>(name: string, load: () => Promise<Module>): Promise<Module | null> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeError;
    // What the package itself fails to import is no sign that it is missing.
    if (/^(ERR_)?MODULE_NOT_FOUND$/.test(code ?? "") && message.includes(`'${name}'`)) return null;
    throw cause;
  }
}

interface NodeError extends Error {
  code?: string;
}

/** `packages` is what to install, in words. */
export function notInstalled(fault: string, packages: string, cause?: unknown): HaleError {
  return new HaleError("DEVICE_UNAVAILABLE", fault, `Install ${packages}.`, { cause });
}
