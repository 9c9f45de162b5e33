/**
 * @file What of a machine decides on the forms of its convolutions. It finds out how many channels ONNX Runtime's blocked convolutions put together on this machine: 16 with AVX-512,
 * 8 with AVX2, none elsewhere. Nothing tells, so a tiny convolution is run both ways and compared.
 */
import type { Device } from "@hale/runtime";
import { lowerConv } from "./convolution.ts";
import { OnnxGraph, type OnnxGraphOptions } from "./onnx-graph.ts";
import { encodeModel, FLOAT } from "./onnx-model.ts";

/** Options of a lowering that say what the machine is like; the same in every run on it. */
export async function machineOf(device: Device): Promise<Pick<OnnxGraphOptions, "convBlock" | "farCache">> {
  return { convBlock: await convBlockOf(device), farCache: /\b(Intel|Xeon)\b/.test(device.processor ?? "") };
}

const known = new WeakMap<Device, Promise<number>>();

/** The block size, or 0 where blocked convolutions cannot be used. Asked once a device. */
export function convBlockOf(device: Device): Promise<number> {
  let answer = known.get(device);
  if (!answer) {
    answer = device.kind === "cpu" ? probe(device) : Promise.resolve(0);
    known.set(device, answer);
  }
  return answer;
}

async function probe(device: Device): Promise<number> {
  const xShape = [1, 32, 16, 16];
  const wShape = [32, 32, 3, 3];
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 101) / 50 - 1);
  const feeds = {
    x: device.tensor(values(32 * 256), xShape),
    w: device.tensor(values(32 * 32 * 9), wShape),
  };
  const geometry = { stride: 1, pad: 1, groups: 1, input: [16, 16], output: [16, 16], kernel: [3, 3] } as const;
  const run = async (convBlock: number) => {
    const graph = new OnnxGraph({ target: "cpu", convBlock });
    graph.input("x", xShape);
    graph.input("w", wShape);
    const y = graph.blocks.plain(lowerConv(graph, "x", "w", xShape, wShape, geometry));
    const model = encodeModel({
      name: "probe",
      nodes: graph.nodesList,
      initializers: graph.initializers,
      inputs: graph.inputs,
      outputs: [{ name: y, elemType: FLOAT, dims: xShape }],
    });
    const session = await device.createSession(model);
    const data = (await session.run(feeds))[y].data as Float32Array;
    await session.release();
    return data;
  };
  const expected = await run(0);
  for (const block of [16, 8]) {
    try {
      const actual = await run(block);
      if (actual.every((v, i) => Math.abs(v - expected[i]) < 1e-3)) return block;
    } catch {
      // This build has no blocked kernels, or refuses the shape: the plain ones do.
    }
  }
  return 0;
}
