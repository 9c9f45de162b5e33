/**
 * @file Named float32 arrays in two files that both sides can read: the raw numbers one after another, little-endian, and
 * a JSON index {name: {shape, offset}} with offsets counted in numbers.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { NamedArray } from "@hale/autodiff";

/** Writes `path`.bin and `path`.json. */
export function writeArrays(path: string, arrays: ReadonlyMap<string, NamedArray>): void {
  const index: Record<string, { shape: readonly number[]; offset: number }> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of arrays) {
    index[name] = { shape, offset };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.length;
  }
  writeFileSync(`${path}.bin`, Buffer.concat(parts));
  writeFileSync(`${path}.json`, JSON.stringify(index));
}

export function readArrays(path: string): Map<string, NamedArray> {
  const index: Record<string, { shape: number[]; offset: number }> = JSON.parse(readFileSync(`${path}.json`, "utf8"));
  const bytes = readFileSync(`${path}.bin`);
  return new Map(
    Object.entries(index).map(([name, { shape, offset }]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const start = bytes.byteOffset + offset * 4;
      return [name, { shape, data: new Float32Array(bytes.buffer.slice(start, start + length * 4)) }];
    }),
  );
}
