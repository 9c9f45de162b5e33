/**
 * @file The machine that a benchmark runs on: its processor, and how fast it is at this moment. Neighbours on a shared machine
 * come and go within seconds; a large matrix product of ONNX Runtime's, timed between what is measured, tells when.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { round } from "./statistics.ts";

export interface Machine {
  processor: string;
  cores: number;
  /** What the processor can do of what matters to convolutions, in the kernel's names. */
  features: string[];
  /** Load average of the last minute. */
  load: number;
}

const FEATURES = ["avx2", "avx512f", "avx512_bf16", "amx_tile", "amx_bf16"];

export function describeMachine(): Machine {
  let flags = new Set<string>();
  try {
    flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].trim().split(/\s+/));
  } catch {
    // Only Linux tells so.
  }
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    features: FEATURES.filter((name) => flags.has(name)),
    load: round(loadavg()[0], 2),
  };
}

export const sentence = ({ processor, cores, features, load }: Machine): string =>
  `${processor}, ${cores} cores, ${features.join(" ") || "no wide vectors"}, load ${load}`;

const SIZE = 1024;

/** The machine's speed in a product of 1024 x 1024 matrices, in GFLOP/s. */
export interface Gauge {
  measure(): Promise<number>;
  release(): Promise<void>;
}

export async function openGauge(threads: number): Promise<Gauge> {
  const shape = [SIZE, SIZE];
  const state = new ad.State(await openDevice({ threads }));
  const random = new Random(1, "gauge");
  const data = () => random.uniforms(SIZE * SIZE, -1, 1);
  state.write(new Map(["a", "b", "c"].map((name) => [name, { shape, data: data() }])));
  const updates = { c: ad.matmul(ad.input("a", shape), ad.input("b", shape)) };
  // Threads that kept asking for work would take the cores from the sides.
  const program = await ad.Program.compile(state, { name: "gauge", updates }, { idleThreadsSleep: true });
  await program.run();
  return {
    async measure() {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 3; i++) {
        const start = performance.now();
        await program.run();
        least = Math.min(least, performance.now() - start);
      }
      return (2 * SIZE ** 3) / least / 1e6;
    },
    async release() {
      await program.release();
      state.dispose();
    },
  };
}
