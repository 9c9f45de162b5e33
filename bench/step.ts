/**
 * @file What the training-step benchmark asks of a method. Adding one: a module in `steps/` that builds our programs
 * from a `StepFactory`, a script in `peers/` that speaks the protocol of `training-step.ts`, a line in `steps/index.ts`.
 */
import type { NamedArray } from "@hale/autodiff";

export interface StepConfig {
  method: string;
  width: number;
  size: number;
  batch: number;
  threads: number;
  seed: number;
}

/** Named losses of one turn, in a fixed order. */
export type Losses = Record<string, number>;

/** Our side of a method, loaded and compiled. */
export interface StepRunner {
  /** Runs turn `turn` (from 0): as many iterations as it takes for every network to have been trained. */
  run(turn: number): Promise<Losses>;
}

export interface StepFactory {
  /** The peer's script in `peers/`. */
  peer: string;
  /** Names of the losses that both sides report. */
  losses: readonly string[];
  /** What the command line leaves open: side of the images, images a batch, turns whose losses are compared. */
  defaults: { size: number; batch: number; compare: number };
  /** What the peer needs to know of the method's constants. */
  peerOptions(config: StepConfig): Record<string, unknown>;
  /** First values of all parameters. */
  parameters(config: StepConfig): Map<string, NamedArray>;
  /** Everything that a run draws or loads, turn after turn; turn t uses the arrays whose names end in `/t mod turns`. */
  batches(config: StepConfig, turns: number): Map<string, NamedArray>;
  open(config: StepConfig, parameters: Map<string, NamedArray>, batches: Map<string, NamedArray>): Promise<StepRunner>;
}
