/**
 * @file Which images a step sees. Every epoch is a fresh shuffle, and the shuffle of an epoch is a function of the seed,
 * so a sampler has no state: a resumed run knows its place from the iteration alone.
 */
import { Random } from "@hale/core";

/** Draws without replacement within an epoch, from one pool of `count` images. */
export class Sampler {
  private epoch = -1;
  private order: number[] = [];

  constructor(
    private readonly count: number,
    private readonly seed: number,
    private readonly name: string,
  ) {}

  /** Indices of the images at positions `start` .. `start + n` of the endless sequence of epochs. */
  indices(start: number, n: number): number[] {
    return Array.from({ length: n }, (_, i) => this.at(start + i));
  }

  private at(position: number): number {
    const epoch = Math.floor(position / this.count);
    if (epoch !== this.epoch) {
      this.order = new Random(this.seed, `sampler/${this.name}/${epoch}`).permutation(this.count);
      this.epoch = epoch;
    }
    return this.order[position % this.count];
  }
}
