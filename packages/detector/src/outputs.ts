/**
 * @file The contract of a detector's ONNX model: what goes in and what comes out, each name told here and nowhere else.
 *
 * Input `pixels`, float32 [N, C, H, W], any N, H and W: stored values / full scale, in [0, 1]. Outputs `score` [N], higher
 * is more abnormal: the mean of the map, or what else the method makes of the image, such as its distance to normal ones;
 * `map` [N, 1, S, S], at least 0; `prepared` [N, C, S, S] in [-1, 1]; `healthy` of the same shape and range, where the
 * method restores images; any number of views `view:<name>`, of that shape and range too: pictures between image and
 * counterpart, which tell how it came about; and any number of parts `part:<name>` [N]: what the score is made of, or could
 * be, each by itself. Nothing depends on what else is in the batch.
 */

/** The only input. */
export const INPUT = "pixels";

export const OUTPUTS = { score: "score", map: "map", prepared: "prepared", healthy: "healthy" } as const;

/** Outputs that every detector has; `healthy` is left to the methods that restore images. */
export const REQUIRED_OUTPUTS: readonly string[] = [OUTPUTS.score, OUTPUTS.map, OUTPUTS.prepared];

/** Begins the names of views. */
export const VIEW_PREFIX = "view:";
/** Begins the names of the score's parts; so do their columns in tables of scores. */
export const PART_PREFIX = "part:";
type Prefix = typeof VIEW_PREFIX | typeof PART_PREFIX;

/** Values under their names with the prefix. */
export function prefixed<Value>(prefix: Prefix, values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** The values whose names have the prefix, under their names without it. */
export function underPrefix<Value>(prefix: Prefix, values: Readonly<Record<string, Value>>): Record<string, Value> {
  const found = Object.entries(values).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}
