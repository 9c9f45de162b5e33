/**
 * @file `hale doctor`: what runs here, found out by running it.
 */

import { availableParallelism, cpus, totalmem } from "node:os";
import { printableJson, VERSION } from "@hale/core";
import { openDevice } from "@hale/runtime/node";
import { checkDevice, type DeviceCheck } from "@hale/training/node";
import { Command } from "commander";
import { labelled } from "../json.ts";
import { print } from "../output.ts";
import { bytes } from "../terminal.ts";

/** What is known of a device: figures of its check, or why it cannot be used. */
type Found = { kind: "cpu" | "webgpu"; ok: boolean } & Partial<DeviceCheck & { onnxruntime: string; reason: string }>;

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Tell what runs here: versions, CPU, WebGPU, each with a small self-check")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExample:\n  hale doctor")
    .action(async ({ json }: { json?: boolean }) => {
      const machine = {
        hale: VERSION,
        node: process.versions.node,
        platform: `${process.platform} ${process.arch}`,
        cpu: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads`,
        memory: bytes(totalmem()),
      };
      const devices: Found[] = [];
      for (const kind of ["cpu", "webgpu"] as const) {
        try {
          const device = await openDevice({ kind });
          const { ok, error, tolerance, milliseconds } = await checkDevice(device);
          devices.push({ kind, ok, error, tolerance, milliseconds, onnxruntime: device.version });
        } catch (error) {
          devices.push({ kind, ok: false, reason: (error as Error).message.split("\n")[0] });
        }
      }
      if (json) print(printableJson(labelled("doctor", { ...machine, devices })));
      else {
        for (const [name, value] of Object.entries(machine)) print(`${name.padEnd(9)} ${value}`);
        for (const device of devices) {
          const detail = device.ok
            ? `works: largest error ${device.error?.toExponential(1)}, ${device.milliseconds?.toFixed(0)} ms, ONNX Runtime ${device.onnxruntime}`
            : `not usable: ${device.reason ?? `it computes wrongly (error ${device.error})`}`;
          print(`${device.kind.padEnd(9)} ${detail}`);
        }
      }
      if (!devices[0].ok) process.exitCode = 1;
    });
}
