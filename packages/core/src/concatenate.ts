/** @file Arrays one after the other in one. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  return fill(new Float32Array(lengthOf(parts)), parts);
}

export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  return fill(new Uint8Array(lengthOf(parts)), parts);
}

const lengthOf = (parts: readonly { length: number }[]) => parts.reduce((total, part) => total + part.length, 0);

function fill<Kind extends Float32Array | Uint8Array>(all: Kind, parts: readonly Kind[]): Kind {
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
