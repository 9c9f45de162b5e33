/** @file The page of guarded.test.ts: reads bytes in a worker and tells what came out. */
import { HaleError } from "@hale/core";
import { openGuardedReader } from "./guarded.ts";

/** What a test asks of the page. */
export interface PageFile {
  name: string;
  /** Base64. */
  bytes: string;
  companions?: Record<string, string>;
  /** Milliseconds; a reader of its own where it is given. */
  milliseconds?: number;
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const assets = "/reader/";
const lasting = openGuardedReader({ assets });

async function summary({ name, bytes, companions = {}, milliseconds }: PageFile): Promise<unknown> {
  const reader = milliseconds === undefined ? lasting : openGuardedReader({ assets, milliseconds });
  const beside = Object.fromEntries(Object.entries(companions).map(([file, text]) => [file, fromBase64(text)]));
  try {
    return await reader.summarise({ bytes: fromBase64(bytes), companions: beside }, name, true);
  } catch (error) {
    if (!(error instanceof HaleError)) throw error;
    return { code: error.code, message: error.message };
  } finally {
    if (reader !== lasting) reader.close();
  }
}

Object.assign(globalThis, { summary });
