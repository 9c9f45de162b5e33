/**
 * @file A tree of named parameters. A network is a function that asks a `Scope` for its parameters by name; the first
 * time it asks, the parameter is declared. Names are paths, `generator/stem/conv/weight`, and are the names in
 * checkpoints and state.
 */

import type { Random } from "@hale/core";
import { input } from "../ops/leaf.ts";
import type { NamedArray } from "../program.ts";
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Initialiser } from "./initialisers.ts";

interface Declared {
  tensor: Tensor;
  initialise: Initialiser;
  trainable: boolean;
}

/** Every parameter that was asked for, in order of asking. */
export class Parameters {
  private readonly declared = new Map<string, Declared>();

  /** The scope under which a network's names begin. */
  scope(prefix: string): Scope {
    return new Scope(this, prefix);
  }

  /** @internal */
  declare(name: string, shape: Shape, initialise: Initialiser, trainable: boolean): Tensor {
    const known = this.declared.get(name);
    if (known) {
      if (!sameShape(known.tensor.shape, shape))
        throw new Error(`${name} is [${known.tensor.shape}], asked for as [${shape}].`);
      return known.tensor;
    }
    const tensor = input(name, shape);
    this.declared.set(name, { tensor, initialise, trainable });
    return tensor;
  }

  /** Parameters whose name begins with `prefix`, by name. Buffers (running statistics) are left out. */
  trainable(prefix = ""): Map<string, Tensor> {
    return this.select(prefix, true);
  }

  /** Buffers whose name begins with `prefix`, by name. */
  buffers(prefix = ""): Map<string, Tensor> {
    return this.select(prefix, false);
  }

  /** Number of trainable values under `prefix`. */
  count(prefix = ""): number {
    return [...this.trainable(prefix).values()].reduce((total, tensor) => total + sizeOf(tensor.shape), 0);
  }

  /** First values of everything declared, drawn in order of declaration. */
  initialise(random: Random): Map<string, NamedArray> {
    return new Map(
      [...this.declared].map(([name, { tensor, initialise }]) => [
        name,
        { shape: tensor.shape, data: initialise(tensor.shape, random) },
      ]),
    );
  }

  private select(prefix: string, trainable: boolean): Map<string, Tensor> {
    return new Map(
      [...this.declared]
        .filter(([name, entry]) => name.startsWith(prefix) && entry.trainable === trainable)
        .map(([name, entry]) => [name, entry.tensor]),
    );
  }
}

/** A place in the tree. */
export class Scope {
  constructor(
    private readonly parameters: Parameters,
    readonly path: string,
  ) {}

  child(name: string): Scope {
    return new Scope(this.parameters, `${this.path}/${name}`);
  }

  parameter(name: string, shape: Shape, initialise: Initialiser): Tensor {
    return this.parameters.declare(`${this.path}/${name}`, shape, initialise, true);
  }

  /** State that is not trained: running statistics and the like. */
  buffer(name: string, shape: Shape, initialise: Initialiser): Tensor {
    return this.parameters.declare(`${this.path}/${name}`, shape, initialise, false);
  }
}
