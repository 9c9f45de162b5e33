/** @file The best state of a run so far, by the value of its selection criterion. */
import type { NamedArray } from "@hale/autodiff";

type Arrays = ReadonlyMap<string, NamedArray>;

export interface BestPoint {
  iteration: number;
  value: number;
}

export class SelectedState {
  private constructor(
    private point: BestPoint | null,
    private state: Arrays,
  ) {}

  /** Nothing selected yet, or what a checkpoint kept. */
  static from(best: BestPoint | null = null, arrays: Arrays = new Map()): SelectedState {
    return new SelectedState(best, arrays);
  }

  /** Null before anything was offered. */
  get best(): BestPoint | null {
    return this.point;
  }

  get arrays(): Arrays {
    return this.state;
  }

  /** Takes the state that `read` gives where `point` is better than all before; of equal ones the first stays. */
  async offer(point: BestPoint, read: () => Promise<Arrays>): Promise<boolean> {
    if (this.point !== null && point.value <= this.point.value) return false;
    this.state = await read();
    this.point = point;
    return true;
  }
}
