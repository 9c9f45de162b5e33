/**
 * @file What a detector's model may ask for. Detectors of the widest networks that methods offer, at 256 pixels a side, need
 * about half of each.
 */

/** Nodes of the graph; the largest that a method writes have some two thousand. */
export const MAX_MODEL_NODES = 10_000;
/** Bytes of everything that a model makes of the largest batch, none given back (6 GB). */
export const MAX_MODEL_BYTES = 6 * 2 ** 30;
/** Bytes of the largest array among it (256 MB). */
export const MAX_MODEL_ARRAY_BYTES = 2 ** 28;
/** Bytes of what a model makes of its weights alone, beside four times their own (256 MB). */
export const MAX_MODEL_CONSTANT_BYTES = 2 ** 28;
/** Multiply-adds for the largest batch. */
export const MAX_MODEL_STEPS = 5e11;

/** Milliseconds in which a command loads a detector: compiles its model and scores the test picture. */
export const LOAD_MILLISECONDS = 120_000;
/** Bytes by which memory may grow meanwhile (3 GB, and three quarters of the machine's at most). */
export const LOAD_MEMORY_BYTES = 3 * 2 ** 30;
