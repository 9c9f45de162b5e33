/**
 * @file What one command has decoded, so that no file is decoded twice: scans, masks and, where asked for, pictures, up to a
 * limit of bytes. Those that come first are kept, since the steps of a command go through a data set in one order; of
 * scans that do not fit, the last one is at hand, as each of its slices is asked for in turn. Nothing is cached on disk.
 */
import { stat } from "node:fs/promises";
import { totalmem } from "node:os";
import type { Raster, Scan, ScanInput, SlicedScan } from "@hale/imaging";

/** A decoded picture, with the SHA-256 of its file. */
export interface StoredPicture {
  raster: Raster;
  sha256(): Promise<string>;
}

/** A decoded scan, and what its settings make of it. */
export interface StoredScan {
  scan: Scan;
  sliced: { input: string; value: SlicedScan } | null;
}

/** What was found in a scan, for one set of settings. */
export interface Expansion {
  single: boolean;
  indices: readonly number[];
  /** Whether something is marked on each; null without a mask. */
  marked: readonly boolean[] | null;
}

export interface ImageStoreOptions {
  /** Bytes of decoded pixels that are kept. */
  limit?: number;
  /** Whether all pictures are kept, for a command whose steps go through the whole data set; otherwise those asked for. */
  allPictures?: boolean;
}

/** An eighth of the machine's memory, and at most 1 GiB. */
const STORE_BYTES = Math.min(2 ** 30, totalmem() / 8);

/** Tells a file in its present state from every other. */
export async function stateOf(file: string): Promise<string> {
  const info = await stat(file).catch(() => null);
  return `${file} ${info?.size} ${info?.mtimeMs}`;
}

export class ImageStore {
  readonly allPictures: boolean;
  private readonly budget: Budget;
  readonly scans: FirstCome<StoredScan>;
  readonly masks: FirstCome<Scan>;
  readonly pictures: FirstCome<StoredPicture>;
  /** By file, mask and settings. */
  readonly expansions = new Map<string, Expansion>();
  /** SHA-256 of scans' files, by their state. */
  readonly hashes = new Map<string, string>();

  constructor({ limit = STORE_BYTES, allPictures = false }: ImageStoreOptions = {}) {
    this.allPictures = allPictures;
    this.budget = { left: limit };
    this.scans = new FirstCome(this.budget, ({ scan }) => scan.stored.byteLength);
    this.masks = new FirstCome(this.budget, ({ stored }) => stored.byteLength);
    this.pictures = new FirstCome(this.budget, ({ raster }) => raster.data.byteLength);
  }

  /** Gives up everything but what was read of these files; nothing where all is kept for later steps. */
  keepOnly(files: Iterable<string>): void {
    if (this.allPictures) return;
    const kept = new Set(files);
    for (const part of [this.scans, this.masks, this.pictures]) part.keepOnly(kept);
  }
}

/** A store that keeps nothing but the scan and the mask that were asked for last. */
export const keepNothing = () => new ImageStore({ limit: 0 });

export const inputKey = (input: ScanInput) => JSON.stringify(input);

interface Budget {
  left: number;
}

/** Values of files in the state in which they were read. */
export class FirstCome<Value> {
  private readonly values = new Map<string, { state: string; value: Value; bytes: number }>();
  private last: { state: string; value: Value } | null = null;

  constructor(
    private readonly budget: Budget,
    private readonly bytesOf: (value: Value) => number,
  ) {}

  /** What is known of `file` in its present state, else what `make` gives, which is kept unless `keep` is false. */
  async of(file: string, make: () => Promise<Value>, keep = true): Promise<Value> {
    const state = await stateOf(file);
    const known = this.values.get(file);
    if (known?.state === state) return known.value;
    if (this.last?.state === state) return this.last.value;
    // Let go first: two volumes need not be in memory at once.
    this.last = null;
    if (known) this.drop(file);
    const value = await make();
    if (!keep) return value;
    const bytes = this.bytesOf(value);
    if (bytes <= this.budget.left) {
      this.budget.left -= bytes;
      this.values.set(file, { state, value, bytes });
    } else this.last = { state, value };
    return value;
  }

  keepOnly(files: ReadonlySet<string>): void {
    this.last = null;
    for (const file of [...this.values.keys()]) if (!files.has(file)) this.drop(file);
  }

  private drop(file: string): void {
    this.budget.left += this.values.get(file)?.bytes ?? 0;
    this.values.delete(file);
  }
}
