/** @file The runtimes of this machine, beside the reference, and why others are missing. */
import { swiftShader } from "../../packages/core/src/node/needs-fixture.ts";
import { CHROMIUM, findChromium } from "../../packages/runtime/src/node/page-fixture.ts";
import type { Runtime } from "./answer.ts";
import { chromium } from "./chromium.ts";
import { findPython, pythonRuntime } from "./python.ts";

export function findRuntimes(): { found: Runtime[]; missing: { name: Runtime["name"]; reason: string }[] } {
  const python = findPython();
  const browser = findChromium() ? null : `there is no ${CHROMIUM}`;
  const gpu = browser ?? (swiftShader() ? null : "there is no SwiftShader (Debian's package chromium)");
  const all: (Runtime | { name: Runtime["name"]; reason: string })[] = [
    "python" in python ? pythonRuntime(python.python) : { name: "python", reason: python.missing },
    browser ? { name: "chromium-wasm", reason: browser } : chromium("wasm"),
    gpu ? { name: "chromium-webgpu", reason: gpu } : chromium("webgpu"),
  ];
  return {
    found: all.filter((one) => "answers" in one),
    missing: all.filter((one) => "reason" in one),
  };
}
