/**
 * @file Connected regions of a mask, 8-neighbour: pixels that touch by an edge or a corner belong together.
 */

/**
 * The regions of a row-major mask (inside where above 0), each as its pixel indices, in order of their
 * first pixel. `mask.length` is a multiple of `width`; the caller checks.
 */
export function connectedRegions(mask: ArrayLike<number>, width: number): Uint32Array[] {
  const height = mask.length / width;
  const seen = new Uint8Array(mask.length);
  const regions: Uint32Array[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (!(mask[start] > 0) || seen[start]) continue;
    seen[start] = 1;
    const region = [start];
    // The list is its own queue: pixels before `next` have had their neighbours looked at.
    for (let next = 0; next < region.length; next++) {
      const x = region[next] % width;
      const y = (region[next] - x) / width;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const neighbour = ny * width + nx;
          if (!(mask[neighbour] > 0) || seen[neighbour]) continue;
          seen[neighbour] = 1;
          region.push(neighbour);
        }
      }
    }
    regions.push(Uint32Array.from(region));
  }
  return regions;
}
