/**
 * @file What the training-step benchmark asks of a method. Adding one: a module in `steps/` that builds our programs
 * from a `StepFactory`, a script in `peers/` that speaks the protocol of `training-step.ts`, a line in `steps/index.ts`.
 */
import type { NamedArray, Numerics, ProgramSpec, StepSpec } from "@hale/autodiff";

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

/** What a side answers to a turn. */
export interface Turn {
  /** Time of each program. */
  ms: Record<string, number>;
  losses: Losses;
}

/**
 * Our side of a method, loaded and compiled: what turn `turn` (from 0) runs, in order, under the names of the factory's
 * shares. Together they train every network. Each is timed by itself.
 */
export type StepRunner = Readonly<Record<string, (turn: number) => Promise<Losses>>>;

export interface StepFactory {
  /** The peer's script in `peers/`. */
  peer: string;
  /**
   * The programs of a turn, and how often each counts in its time. Where all run equally often that is 1, and the time is
   * the turn's own; where some run more rarely than others it is the runs in an average iteration, and the time is that
   * iteration's, though a turn runs each once.
   */
  shares: Readonly<Record<string, number>>;
  /** Names of the losses that both sides report. */
  losses: readonly string[];
  /** What the command line leaves open: side of the images, images a batch, turns whose losses are compared. */
  defaults: { size: number; batch: number; compare: number };
  /** What the peer needs to know of the method's constants. */
  peerOptions(config: StepConfig): Record<string, unknown>;
  /** First values of all parameters. */
  parameters(config: StepConfig): Map<string, NamedArray>;
  /**
   * Everything that a run draws or loads, for at most `turns` turns; with n of them turn t uses the arrays whose names end
   * in `/t mod n`.
   */
  batches(config: StepConfig, turns: number): Promise<Map<string, NamedArray>>;
  /** What the programs of a turn compute, by the names of `shares`, for whoever looks at their layers. */
  programs(config: StepConfig): Readonly<Record<string, StepSpec | ProgramSpec>>;
  open(
    config: StepConfig,
    parameters: Map<string, NamedArray>,
    batches: Map<string, NamedArray>,
    numerics?: Numerics,
  ): Promise<StepRunner>;
}
