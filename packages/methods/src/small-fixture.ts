/** @file For tests: settings of methods so small that every architecture is trained and run in seconds, at 32 pixels a side. */
import { TINY } from "./hq-anogan/tiny-fixture.ts";

/** Options by name of method; a method without a row takes its defaults. */
const SMALL: Readonly<Record<string, Record<string, unknown>>> = {
  sagan: { width: 8, batch: 2, residualBlocks: 1 },
  proxyano: { width: 4, slots: 6, batch: 2, superpixels: 16, adversarialWeight: 0.1 },
  "hq-anogan": { ...TINY, generatorShare: 0.5 },
  padim: { dimensions: 12 },
  patchcore: { candidates: 300, memory: 100 },
  autoencoder: { hidden: 32, batch: 4 },
};

export const smallOptions = (method: string): Record<string, unknown> => SMALL[method] ?? {};
