/** @file How a file begins. */
import { open } from "node:fs/promises";

/** The first kilobyte of a file; nothing where it cannot be read. */
export async function headOf(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return new Uint8Array(0);
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: new Uint8Array(1024) });
    return buffer.subarray(0, bytesRead);
  } catch {
    return new Uint8Array(0);
  } finally {
    await handle.close();
  }
}
