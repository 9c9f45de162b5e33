/**
 * @file What a fit has gathered of the normals so far: a row for each, or what the method's own gathering keeps of them; and
 * how either enters a snapshot and comes back.
 */
import { type NamedArray, type Shape, sizeOf } from "@hale/autodiff";
import { HaleError, joined, Random } from "@hale/core";
import type { Gathering, Observed } from "@hale/methods";

/** Names of gathered arrays in a snapshot begin so. */
const OBSERVED = "observed/";
/** How many normals were taken in, where the arrays do not tell. */
const DONE = "gathered/normals";

export interface Gathered {
  /** Normals taken in so far. */
  readonly done: number;
  readonly observed: Observed;
  /** Takes in what was observed of the next normal. */
  add(observed: Readonly<Record<string, Float32Array>>): void;
  snapshot(): Map<string, NamedArray>;
}

/** One row for each normal, by name. */
export class GatheredRows implements Gathered {
  readonly observed: Readonly<Record<string, Float32Array[]>>;

  /** Throws CHECKPOINT_MISMATCH where a snapshot does not fit. */
  constructor(
    /** Of each output for one normal. */
    private readonly shapes: Readonly<Record<string, Shape>>,
    total: number,
    from?: ReadonlyMap<string, NamedArray>,
  ) {
    const counts = new Set<number>();
    const rows = Object.entries(shapes).map(([name, shape]) => {
      const array = from?.get(OBSERVED + name);
      const length = sizeOf(shape);
      const count = array ? array.data.length / length : 0;
      if (from && (!array || array.shape.slice(1).join() !== shape.join())) throw misfit(name);
      counts.add(count);
      return [name, Array.from({ length: count }, (_, i) => array!.data.slice(i * length, (i + 1) * length))] as const;
    });
    if (counts.size !== 1 || Math.max(...counts) > total) throw misfit("the number of normals");
    this.observed = Object.fromEntries(rows);
  }

  get done(): number {
    return Object.values(this.observed)[0].length;
  }

  add(observed: Readonly<Record<string, Float32Array>>): void {
    for (const [name, row] of Object.entries(observed)) this.observed[name].push(row);
  }

  snapshot(): Map<string, NamedArray> {
    return new Map(
      Object.entries(this.observed).map(([name, rows]): [string, NamedArray] => {
        return [OBSERVED + name, { shape: [rows.length, ...this.shapes[name]], data: joined(rows) }];
      }),
    );
  }
}

/** What a method's own gathering keeps. */
export class GatheredSums implements Gathered {
  private readonly arrays: ReadonlyMap<string, NamedArray>;
  private count = 0;

  /** Throws CHECKPOINT_MISMATCH where a snapshot does not fit. */
  constructor(
    private readonly gathering: Gathering,
    private readonly seed: number,
    total: number,
    from?: ReadonlyMap<string, NamedArray>,
  ) {
    this.arrays = gathering.start(total);
    if (!from) return;
    for (const [name, { shape, data }] of this.arrays) {
      const array = from.get(OBSERVED + name);
      if (array?.shape.join() !== shape.join()) throw misfit(name);
      data.set(array.data);
    }
    const done = from.get(DONE)?.data[0];
    if (done === undefined || done > total) throw misfit("the number of normals");
    this.count = done;
  }

  get done(): number {
    return this.count;
  }

  get observed(): Observed {
    return Object.fromEntries([...this.arrays].map(([name, { data }]) => [name, [data]]));
  }

  add(observed: Readonly<Record<string, Float32Array>>): void {
    this.gathering.add(this.arrays, observed, this.count, new Random(this.seed, `gather/${this.count}`));
    this.count++;
  }

  snapshot(): Map<string, NamedArray> {
    const copies = [...this.arrays].map(([name, { shape, data }]): [string, NamedArray] => {
      return [OBSERVED + name, { shape, data: data.slice() }];
    });
    return new Map([...copies, [DONE, { shape: [1], data: Float32Array.of(this.count) }]]);
  }
}

const misfit = (what: string) =>
  new HaleError(
    "CHECKPOINT_MISMATCH",
    `The checkpoint does not fit this method and its options: ${what} is missing or of another size.`,
    "Resume with the options that the run was started with.",
  );
