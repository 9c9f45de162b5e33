/**
 * @file Speed of the engine's kernels on the CPU, each as it is lowered today, beside the machine's own peak: a 2048³
 * matrix product in ONNX Runtime. The shapes are a reference case and every distinct layer of SAGAN on 64x64 images.
 */

import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import { criticDepth } from "@hale/methods/sagan";
import type { Device } from "@hale/runtime";
import { openDevice } from "@hale/runtime/node";
import { median, round } from "./statistics.ts";

const SIZE = 64;
const GRID = 2;

export interface OpsOptions {
  widths: number[];
  batch: number;
  threads: number;
  /** Least time spent on a kernel. */
  ms: number;
  only?: string;
  json: boolean;
}

interface Kernel {
  group: string;
  name: string;
  /** Shapes of the inputs, which are filled with noise. */
  inputs: readonly ad.Shape[];
  build: (...inputs: ad.Tensor[]) => ad.Tensor[];
  /** Floating point operations that the result needs; 0 where memory is what counts. */
  flops: number;
}

interface KernelResult {
  group: string;
  kernel: string;
  ms: number;
  /** Null for kernels that memory limits. */
  gflops: number | null;
  share_of_peak: number | null;
  /** Inputs and outputs, once each, by time. */
  gb_per_s: number;
}

const area = (shape: ad.Shape) => shape[2] * shape[3];

/** Forward, input gradient and weight gradient of a convolution or transposed convolution; all need equal work. */
function convolution(
  group: string,
  x: ad.Shape,
  channels: number,
  kernel: number,
  { stride = 1, pad, transposed = false }: { stride?: number; pad: number; transposed?: boolean },
): Kernel[] {
  const apply = transposed ? ad.convTranspose2d : ad.conv2d;
  const options = { stride, pad };
  const w = transposed ? [x[1], channels, kernel, kernel] : [channels, x[1], kernel, kernel];
  const y = apply(ad.input("x", x), ad.input("w", w), options).shape;
  const sites = transposed ? x[0] * area(x) : y[0] * area(y);
  const flops = 2 * sites * x[1] * channels * kernel * kernel;
  const title = `${transposed ? "convT" : "conv"} ${kernel}x${kernel}/${stride} ${x[1]}→${channels} ${x.join("x")}`;
  const gradient = (of: 0 | 1) => (x: ad.Tensor, w: ad.Tensor, dy: ad.Tensor) =>
    ad.gradients(ad.sum(ad.mul(apply(x, w, options), dy)), [[x, w][of]]);
  return [
    { group, name: `${title} forward`, inputs: [x, w], build: (x, w) => [apply(x, w, options)], flops },
    { group, name: `${title} input gradient`, inputs: [x, w, y], build: gradient(0), flops },
    { group, name: `${title} weight gradient`, inputs: [x, w, y], build: gradient(1), flops },
  ];
}

function instanceNormKernels(group: string, x: ad.Shape): Kernel[] {
  const affine = [x[1]];
  const norm = (x: ad.Tensor, scale: ad.Tensor, shift: ad.Tensor) => ad.relu(ad.instanceNorm(x, scale, shift));
  const name = `instance norm, ReLU ${x.join("x")}`;
  return [
    {
      group,
      name: `${name} forward`,
      inputs: [x, affine, affine],
      build: (...i) => [norm(i[0], i[1], i[2])],
      flops: 0,
    },
    {
      group,
      name: `${name} forward, backward`,
      inputs: [x, affine, affine, x],
      build: (x, scale, shift, dy) => {
        const y = norm(x, scale, shift);
        return [y, ...ad.gradients(ad.sum(ad.mul(y, dy)), [x, scale, shift])];
      },
      flops: 0,
    },
  ];
}

function matrixProduct(group: string, size: number): Kernel {
  const shape = [size, size];
  return {
    group,
    name: `matmul ${size}³`,
    inputs: [shape, shape],
    build: (a, b) => [ad.matmul(a, b)],
    flops: 2 * size ** 3,
  };
}

function referenceKernels(): Kernel[] {
  const x = [8, 64, 64, 64];
  return [
    matrixProduct("reference", 1024),
    ...convolution("reference", x, 64, 3, { pad: 1 }),
    ...convolution("reference", x, 128, 4, { stride: 2, pad: 1 }),
    ...convolution("reference", [8, 128, 32, 32], 64, 4, { stride: 2, pad: 1, transposed: true }),
    ...instanceNormKernels("reference", x),
  ];
}

/** Every distinct layer of SAGAN's generator on windows and of its critic on normal and restored images together. */
function saganKernels(c: number, batch: number): Kernel[] {
  const group = `sagan ${c}`;
  const side = SIZE / GRID;
  const at = (channels: number, halvings: number) => [
    batch * GRID * GRID,
    channels,
    side >> halvings,
    side >> halvings,
  ];
  const half = { stride: 2, pad: 1 };
  const double = { ...half, transposed: true };
  const layers = [
    convolution(group, at(1, 0), c, 7, { pad: 3 }),
    ...[0, 1, 2].map((i) => convolution(group, at(c << i, i), c << (i + 1), 4, half)),
    ...[1, 2, 3].map((i) => convolution(group, at(c << i, i), c << i, 1, { pad: 0 })),
    ...[3, 2, 1].map((i) => convolution(group, at(2 * (c << i), i), c << i, 3, { pad: 1 })),
    ...[3, 2, 1].map((i) => convolution(group, at(c << i, i), c << i, 3, { pad: 1 })),
    ...[3, 2, 1].map((i) => convolution(group, at(c << i, i), c << (i - 1), 4, double)),
    convolution(group, at(3 * c, 0), c, 3, { pad: 1 }),
    convolution(group, at(c, 0), c, 3, { pad: 1 }),
    convolution(group, at(c, 0), 1, 7, { pad: 3 }),
    ...Array.from({ length: criticDepth(SIZE) }, (_, i) => {
      const channels = i === 0 ? 1 : c << (i - 1);
      return convolution(group, [2 * batch, channels, SIZE >> i, SIZE >> i], c << i, 4, half);
    }),
  ];
  return [...layers.flat(), ...[0, 1, 2, 3].flatMap((i) => instanceNormKernels(group, at(c << i, i)))];
}

/** Median and least time of one run in ms. Results go to state, whose memory is used again, as in training. */
async function time(
  device: Device,
  { name, inputs, build }: Kernel,
  ms: number,
): Promise<{ ms: number; least: number; bytes: number }> {
  const random = new Random(1, name);
  const state = new ad.State(device);
  const arrays = new Map(
    inputs.map((shape, i) => [`in${i}`, { shape, data: random.uniforms(ad.sizeOf(shape), -1, 1) }]),
  );
  const results = build(...inputs.map((shape, i) => ad.input(`in${i}`, shape)));
  results.forEach(({ shape }, i) => {
    arrays.set(`out${i}`, { shape, data: new Float32Array(ad.sizeOf(shape)) });
  });
  state.write(arrays);
  const updates = Object.fromEntries(results.map((tensor, i) => [`out${i}`, tensor]));
  const program = await ad.Program.compile(state, { name: "kernel", updates });
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < 8 || performance.now() - begin < ms) {
    const start = performance.now();
    await program.run();
    times.push(performance.now() - start);
  }
  await program.release();
  const bytes = [...arrays.values()].reduce((total, { data }) => total + data.byteLength, 0);
  state.dispose();
  return { ms: median(times.slice(3)), least: Math.min(...times), bytes };
}

/** Times all kernels and prints them as they come. */
export async function benchOps({ widths, batch, threads, ms, only = "", json }: OpsOptions): Promise<void> {
  const device = await openDevice({ threads });
  const peakKernel = matrixProduct("machine", 2048);
  const peak = peakKernel.flops / (await time(device, peakKernel, 4 * ms)).least / 1e6;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (json) say(JSON.stringify({ group: "machine", kernel: peakKernel.name, gflops: round(peak), threads, batch }));
  else say(`peak: ${peakKernel.name}, ${round(peak)} GFLOP/s on ${threads} threads; ONNX Runtime ${device.version}\n`);
  const kernels = [...referenceKernels(), ...widths.flatMap((width) => saganKernels(width, batch))];
  let group = "";
  for (const kernel of kernels.filter(({ name }) => name.includes(only))) {
    const taken = await time(device, kernel, ms);
    const gflops = kernel.flops / taken.ms / 1e6;
    const result: KernelResult = {
      group: kernel.group,
      kernel: kernel.name,
      ms: round(taken.ms, 3),
      gflops: kernel.flops ? round(gflops) : null,
      share_of_peak: kernel.flops ? round(gflops / peak, 3) : null,
      gb_per_s: round(taken.bytes / taken.ms / 1e6),
    };
    if (json) {
      say(JSON.stringify(result));
      continue;
    }
    if (group !== kernel.group) say(row([kernel.group, "ms", "GFLOP/s", "of peak", "GB/s"]));
    group = kernel.group;
    const share = result.share_of_peak === null ? "" : `${Math.round(100 * result.share_of_peak)} %`;
    say(row([result.kernel, result.ms.toFixed(3), result.gflops?.toFixed(1) ?? "", share, result.gb_per_s.toFixed(1)]));
  }
}

function row([first, ...rest]: readonly string[]): string {
  return first.padEnd(64) + rest.map((cell) => cell.padStart(10)).join("");
}
