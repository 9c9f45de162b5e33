/** @file Makes an input that shows a fault smaller while it shows it, by leaving out and then blanking ever smaller pieces. */

/** Most tries. */
const MOST_TRIES = 400;

/** A smaller input for which `shows` still holds; null where the given one does not show it (again) by itself. */
export async function minimise(
  bytes: Uint8Array,
  shows: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array | null> {
  if (!(await shows(bytes))) return null;
  let best = bytes;
  let tries = 1;
  for (const blank of [false, true]) {
    for (let size = best.length >> 1; size >= 1; size >>= 1) {
      for (let at = best.length - size; at >= 0 && tries < MOST_TRIES; at -= size) {
        const candidate = blank ? best.slice().fill(0, at, at + size) : without(best, at, at + size);
        if (blank && best.subarray(at, at + size).every((byte) => byte === 0)) continue;
        tries++;
        if (await shows(candidate)) best = candidate;
      }
    }
  }
  return best;
}

function without(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const out = new Uint8Array(bytes.length - (to - from));
  out.set(bytes.subarray(0, from));
  out.set(bytes.subarray(to), from);
  return out;
}
